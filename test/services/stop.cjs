// Jest's globalTeardown: ends what start.cjs started.
module.exports = async function stop() {
  await globalThis[Symbol.for('nestjs-dispatch.test-services')]?.stop();
};
