/** Inspects one address in a process of its own and tells what it cost: the command's own code, without its page. */
import { readFileSync } from "node:fs";
import { inspectImage } from "../../shared/inspection/inspect-image.ts";
import { openUrl } from "../../shared/inspection/source/http-reader.ts";

async function main([url = "", depth = "full"]: readonly string[]): Promise<void> {
  const started = performance.now();
  const reader = await openUrl(url);
  const report = await inspectImage(reader, { depth: depth === "header" ? "header" : "full" });
  console.log(JSON.stringify({ ...report, milliseconds: performance.now() - started }));
  await reader.close?.();
  const peak = /^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1];
  const { user, system } = process.cpuUsage();
  console.error(`peak-kib ${peak ?? 0} cpu-us ${user + system}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
