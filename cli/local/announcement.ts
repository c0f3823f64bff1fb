import type { EmbeddedCloud } from "../../local/embedded-cloud.ts";
import { shellQuoted } from "../../shared/importing/shell-quoted.ts";
import { printableJson } from "../../shared/log/printable-json.ts";
import type { Connection } from "../connection.ts";
import type { Output } from "../outcome.ts";
import { localBucket, localRegion, localStateBucket } from "./deployed-locally.ts";
import type { LiveView } from "./live-view.ts";
import type { LocalOptions } from "./run-local.ts";

/** What the other commands need to find this embedded cloud. */
export function connectionTo({ account, endpoints }: EmbeddedCloud): Connection {
  const { accessKeyId, accessKeySecret } = account;
  return {
    region: localRegion,
    credentials: { accessKeyId, accessKeySecret },
    ossEndpoint: endpoints.oss,
    ecsEndpoint: endpoints.ecs,
    ...(endpoints.fc ? { fcEndpoint: endpoints.fc } : {}),
    imageBucket: localBucket,
    stateBucket: localStateBucket,
  };
}

/** Says where everything is: a JSON line for programs, a page for persons. */
export function announce(
  cloud: EmbeddedCloud,
  folder: string,
  options: LocalOptions,
  output: Output,
  view: LiveView,
): void {
  const { endpoints, account } = cloud;
  if (options.json) {
    const ready = {
      event: "local.ready",
      region: localRegion,
      bucket: localBucket,
      stateBucket: localStateBucket,
      oss: { endpoint: endpoints.oss },
      ecs: { endpoint: endpoints.ecs.replace("http://", "") },
      fc: { endpoint: endpoints.fc },
      accessKeyId: account.accessKeyId,
      accessKeySecret: account.accessKeySecret,
      folder,
    };
    output.out(`${printableJson(ready)}\n`);
    return;
  }
  view.text(
    [
      "The embedded cloud is ready: OSS, ECS and Function Compute on this machine.",
      `  OSS  ${endpoints.oss}   bucket ${localBucket}, region ${localRegion}`,
      `  ECS  ${endpoints.ecs}`,
      `  FC   ${endpoints.fc}`,
      `  key  ${account.accessKeyId} / ${account.accessKeySecret}`,
      "",
      ...(options.once
        ? []
        : [
            `Copy a disk image into this folder, or upload it with any OSS client:`,
            `  ${folder}`,
            ...(options.data === undefined
              ? []
              : [`Another terminal asks about it with: oss-image-import status --local ${shellQuoted(options.data)}`]),
            "Ctrl-C ends everything.",
            "",
          ]),
    ].join("\n"),
  );
}
