// An embedded FC over functions that a test writes, in a folder of its own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { stringify } from "yaml";
import { createFcHost, type FcHost, type FcHostOptions } from "../../../local/fc/fc-host.ts";
import type { LogLine } from "../../../local/fc/hosted-function.ts";
import { createIdentities } from "../../../local/ram/identities.ts";
import { noFaults } from "../../../local/wire/faults.ts";
import type { HttpService } from "../../../local/wire/http-service.ts";
import { systemClock } from "../../../shared/clock.ts";

export const accountId = "123456789";
export const region = "cn-hangzhou";
export const account = { accessKeyId: "LTAItest", accessKeySecret: "secret", accountId };

export interface TestFunction {
  /** CommonJS source of `index.js`. */
  readonly code: string;
  /** Set over a minimal definition. */
  readonly props?: Readonly<Record<string, unknown>>;
}

export interface TestHost {
  readonly host: FcHost;
  readonly service: HttpService;
  readonly lines: LogLine[];
  close(): Promise<void>;
}

export const startTestHost = async (
  functions: Readonly<Record<string, TestFunction>>,
  options: Partial<FcHostOptions> = {},
): Promise<TestHost> => {
  const folder = mkdtempSync(join(tmpdir(), "fc-host-"));
  const bootstrapPath = join(folder, "bootstrap.js");
  buildSync({
    entryPoints: ["local/fc/bootstrap.ts"],
    outfile: bootstrapPath,
    bundle: true,
    platform: "node",
    format: "cjs",
  });
  const resources: Record<string, unknown> = {};
  for (const [name, { code, props }] of Object.entries(functions)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "index.js"), code);
    const minimal = {
      region,
      functionName: name,
      runtime: "nodejs20",
      handler: "index.handler",
      code: `./${name}`,
      timeout: 20,
    };
    resources[name] = { component: "fc3", props: { ...minimal, ...props } };
  }
  writeFileSync(join(folder, "s.yaml"), stringify({ edition: "3.0.0", resources }));
  const lines: LogLine[] = [];
  const host = createFcHost({
    clock: systemClock,
    identities: createIdentities([account]),
    faults: noFaults(),
    accountId,
    sYamlPath: join(folder, "s.yaml"),
    variables: {},
    bootstrapPath,
    automaticTimers: false,
    retryDelayInMilliseconds: () => 1,
    onLogLine: (line) => lines.push(line),
    ...options,
  });
  const service = await host.listen(0);
  const close = async (): Promise<void> => {
    await host.close();
    rmSync(folder, { recursive: true });
  };
  return { host, service, lines, close };
};
