// One new instance of a function and one invocation: node function-process.cjs BUNDLE [EVENT CONTEXT].
// Without an event the bundle is only loaded; without a bundle nothing is, which is the bare Node that all is compared with.
const { readFileSync } = require("node:fs");

const [bundle, event, context] = process.argv.slice(2);

const end = (code) => {
  // Of this process alone: getrusage counts what its parent had before it became this program.
  const peak = /^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1];
  const { user, system } = process.cpuUsage();
  process.stderr.write(`peak-kib ${peak} cpu-us ${user + system}\n`, () => process.exit(code));
};

if (bundle === undefined) end(0);
else {
  const { handler } = require(bundle);
  if (typeof handler !== "function") throw new Error(`${bundle} exports no handler`);
  if (event === undefined) end(0);
  else {
    handler(Buffer.from(event), JSON.parse(context)).then(
      () => end(0),
      (error) => {
        console.error(error);
        end(1);
      },
    );
  }
}
