import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCancel } from "../../cli/ops/run-cancel.ts";
import { connectionFolder, said, url } from "./operator.ts";
import { type Product, packageRoot, qcow2, startProduct } from "./product.ts";

const command = join(packageRoot, "dist/cli/oss-image-import.js");

let product: Product;
let local: string;

beforeAll(async () => {
  product = await startProduct({ ecsSettings: { importSeconds: 3600 } });
  local = await connectionFolder(product);
});
afterAll(() => product.close());

describe("credentials of a real account beside an embedded cloud that runs", () => {
  it("do not keep it a secret that the cloud can be named", async () => {
    const folder = await mkdtemp(join(tmpdir(), "beside-"));
    await cp(local, join(folder, ".local"), { recursive: true });
    const account = { ALIBABA_CLOUD_ACCESS_KEY_ID: "LTAI5tNobody", ALIBABA_CLOUD_ACCESS_KEY_SECRET: "nothing-secret" };
    const status = (...more: string[]) =>
      spawn(process.execPath, [command, "status", ...more], {
        cwd: folder,
        env: account,
      });
    const [complaint] = await once(status().stderr, "data");
    expect(String(complaint)).toMatch(/STATE_BUCKET\. To ask the embedded cloud that runs here: --local \.local\n$/);
    expect(await once(status("--local", ".local"), "exit")).toEqual([0, null]);
  });
});

describe("status --watch as a process of its own", () => {
  /** Begins to watch an import, and resolves when its first line is there. */
  async function watching(key: string): Promise<{ child: ChildProcessWithoutNullStreams; complaints: string[] }> {
    await product.upload(key, qcow2());
    await product.settle();
    const child = spawn(process.execPath, [command, "status", url(key), "--watch", "--local", local]);
    const complaints: string[] = [];
    child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk.toString()));
    const [first] = await once(child.stdout, "data");
    expect(String(first)).toMatch(new RegExp(`^${key} submitted 0 %`));
    return { child, complaints };
  }

  it("ends well at Ctrl-C", async () => {
    const { child, complaints } = await watching("interrupted.qcow2");
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(complaints).toEqual([]);
  });

  it("ends in silence when nobody reads it any more, as before `| head -1`", async () => {
    const { child, complaints } = await watching("unread.qcow2");
    child.stdout.destroy();
    await said((output) => runCancel(url("unread.qcow2"), { local, json: false }, {}, output));
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(complaints).toEqual([]);
  });
});
