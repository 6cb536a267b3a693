import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { parseSync } from '@swc/core';

/** The repository's root folder. */
export const ROOT = path.resolve(import.meta.dirname, '../..');

/** How one file refers to another module. */
export interface ImportEdge {
  readonly specifier: string;
  /**
   * `static` is a declaration, type-only ones included; `type` is `import('x').Y` in a type; `dynamic` is a call of
   * `import` or of `importOptionalPeer`; `computed` is such a call whose argument is not a literal.
   */
  readonly kind: 'static' | 'type' | 'dynamic' | 'computed' | 'require';
}

/** A class that extends something, as the error rules need it. */
export interface DerivedClass {
  readonly name: string;
  readonly base: string;
  /** The literal value of its `code` field; undefined where it has none or where that is not a literal. */
  readonly code: string | undefined;
  readonly file: string;
}

/** A TypeScript source file and what the rules ask of it. */
export interface SourceFile {
  /** From the repository's root, with forward slashes. */
  readonly file: string;
  readonly text: string;
  readonly lineCount: number;
  readonly imports: readonly ImportEdge[];
  readonly hasDefaultExport: boolean;
  readonly hasExportAll: boolean;
  readonly classes: readonly DerivedClass[];
}

/** Paths of all TypeScript files below a top-level folder. @throws Error when there is none, so no rule passes idly. */
export function filesBelow(folder: string): string[] {
  const entries = readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  const files = entries.filter((entry) => entry.endsWith('.ts')).map((entry) => `${folder}/${entry}`);
  if (files.length === 0) throw new Error(`There is no TypeScript file below "${folder}".`);
  return files.map((file) => file.replaceAll('\\', '/')).toSorted();
}

/** The text of a file given by its path from the root. */
export function textOf(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** The number of lines, a final newline not counted as one. */
export function lineCountOf(text: string): number {
  return text.replace(/\n$/, '').split('\n').length;
}

/** Parses every file below a top-level folder. */
export function sourceFiles(folder: string): SourceFile[] {
  return filesBelow(folder).map((file) => parseFile(file));
}

function parseFile(file: string): SourceFile {
  const text = textOf(file);
  const imports: ImportEdge[] = [];
  const classes: DerivedClass[] = [];
  const found = new Set<unknown>();
  visit(parse(file, text), (node) => {
    found.add(node['type']);
    imports.push(...importsIn(node));
    classes.push(...classesIn(node, file));
  });
  return {
    file,
    text,
    lineCount: lineCountOf(text),
    imports,
    classes,
    hasDefaultExport: found.has('ExportDefaultDeclaration') || found.has('ExportDefaultExpression'),
    hasExportAll: found.has('ExportAllDeclaration') || found.has('ExportNamespaceSpecifier'),
  };
}

function parse(file: string, text: string): unknown {
  try {
    return parseSync(text, { syntax: 'typescript', decorators: true, target: 'es2022' });
  } catch (error) {
    throw new Error(`${file} does not parse; run "npm run lint" for the place.`, { cause: error });
  }
}

type Node = Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (!isNode(value)) return;
  if (!Array.isArray(value)) see(value);
  for (const child of Object.values(value)) visit(child, see);
}

const STATIC = new Set<unknown>(['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration']);

function importsIn(node: Node): ImportEdge[] {
  if (STATIC.has(node['type'])) return literalEdge(node['source'], 'static');
  if (node['type'] === 'TsImportType') return literalEdge(node['argument'], 'type');
  return node['type'] === 'CallExpression' ? importsByCall(node) : [];
}

function importsByCall(call: Node): ImportEdge[] {
  const callee = call['callee'];
  const first: unknown = Array.isArray(call['arguments']) ? call['arguments'][0] : undefined;
  if (!isNode(callee) || !isNode(first)) return [];
  if (callee['value'] === 'require') return literalEdge(first['expression'], 'require');
  if (callee['type'] !== 'Import' && callee['value'] !== 'importOptionalPeer') return [];
  const literal = literalEdge(first['expression'], 'dynamic');
  return literal.length > 0 ? literal : [{ specifier: '(computed)', kind: 'computed' }];
}

function literalEdge(source: unknown, kind: ImportEdge['kind']): ImportEdge[] {
  if (!isNode(source) || source['type'] !== 'StringLiteral') return [];
  return [{ specifier: String(source['value']), kind }];
}

function classesIn(node: Node, file: string): DerivedClass[] {
  if (node['type'] !== 'ClassDeclaration') return [];
  const { identifier, superClass, body } = node;
  if (!isNode(identifier) || !isNode(superClass) || !Array.isArray(body)) return [];
  return [{ name: String(identifier['value']), base: String(superClass['value']), code: codeIn(body), file }];
}

function codeIn(members: readonly unknown[]): string | undefined {
  for (const member of members) {
    if (!isNode(member) || member['type'] !== 'ClassProperty') continue;
    const { key, value } = member;
    if (!isNode(key) || key['value'] !== 'code') continue;
    return isNode(value) && value['type'] === 'StringLiteral' ? String(value['value']) : undefined;
  }
  return undefined;
}
