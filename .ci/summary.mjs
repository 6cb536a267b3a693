// Prints "N passed, N failed" from Jest's JSON report, a spec file that did not run counted as one failure. Fails when
// anything failed, when no test ran, and when there is no report.
import { existsSync, readFileSync } from 'node:fs';

const [, , report] = process.argv;
const found = report !== undefined && existsSync(report);
const result = found
  ? JSON.parse(readFileSync(report, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 1, numRuntimeErrorTestSuites: 0 };
const passed = result.numPassedTests;
const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
