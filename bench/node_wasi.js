// Runs a WASI program in Node's V8, for comparison: node --no-warnings node_wasi.js MODULE [ARGUMENTS...]
const { readFileSync } = require('node:fs');
const { WASI } = require('node:wasi');

const args = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args, returnOnExit: true });
WebAssembly.instantiate(readFileSync(args[0]), wasi.getImportObject()).then(({ instance }) => {
  process.exitCode = wasi.start(instance);
});
