// V8's answers: node oracle.js < [{file, calls: [[export, [[type, bits], …]], …] | null}, …]. Writes, for each module, an array
// of what happened, one entry a call, or {error} when it cannot be instantiated. `calls` null: every exported function whose
// type JavaScript can see, in order, with arguments made from its name, as binaryen's fuzzer exports them.
'use strict';
const fs = require('fs');

const words = new DataView(new ArrayBuffer(8));
function toValue([type, bits]) {
  words.setBigUint64(0, BigInt(bits), true);
  switch (type) {
    case 'i32': return words.getInt32(0, true);
    case 'i64': return words.getBigInt64(0, true);
    case 'f32': return words.getFloat32(0, true);
    case 'f64': return words.getFloat64(0, true);
  }
  return null;
}

function toBits(type, value) {
  switch (type) {
    case 'i32': return String(value >>> 0);
    case 'i64': return String(BigInt.asUintN(64, value));
    case 'f32':
      if (Number.isNaN(value)) return 'nan:arithmetic';
      words.setFloat32(0, value, true);
      return String(words.getUint32(0, true));
    case 'f64':
      if (Number.isNaN(value)) return 'nan:arithmetic';
      words.setFloat64(0, value, true);
      return String(words.getBigUint64(0, true));
  }
  return null;
}

function run(job) {
  let instance;
  const nothing = () => {};
  const imports = {'fuzzing-support': new Proxy({}, {get: () => nothing, has: () => true})};
  try {
    const module = new WebAssembly.Module(fs.readFileSync(job.file));
    try {
      instance = new WebAssembly.Instance(module, imports);
    } catch (error) {
      return {trap: error.message, kind: error.constructor.name};
    }
  } catch (error) {
    return {error: error.message};
  }
  return job.calls.map(([name, args, results]) => {
    try {
      let value = instance.exports[name](...args.map(toValue));
      const values = value === undefined ? [] : Array.isArray(value) ? value : [value];
      return {values: values.map((item, index) => {
        const type = results ? results[index] : typeof item === 'bigint' ? 'i64' : 'i32';
        return {type, value: toBits(type, item)};
      })};
    } catch (error) {
      return {trap: error.message, kind: error.constructor.name};
    }
  });
}

const jobs = JSON.parse(fs.readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(jobs.map(run)));
