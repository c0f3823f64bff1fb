import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { decodeZstdFrame } from "../../../shared/inspection/zstd/zstd-decoder.ts";

const inputs: [string, Buffer][] = [
  ["a program", readFileSync(process.execPath).subarray(0, 20_000_000)],
  ["a text", readFileSync("/etc/services")],
  ["noise", randomBytes(300_000)],
  ["one byte", Buffer.from("a")],
];

describe("decodeZstdFrame against the zstd command", () => {
  it.each(inputs)("gives back %s at every level", (_name, content) => {
    for (const level of ["--fast=5", "-1", "-3", "-6", "-12", "-19"]) {
      const frame = execFileSync("zstd", ["-q", level, "-c"], { input: content, maxBuffer: 2 ** 30 });
      expect(decodeZstdFrame(frame, content.length).equals(content)).toBe(true);
    }
  });
});
