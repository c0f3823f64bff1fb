import { eventOf, type Product, qcow2, raw, startProduct } from "./product.ts";

describe("what cannot be imported", () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct({ logLevel: "debug" });
  });
  afterAll(() => product.close());

  const outcome = async (key: string) => {
    await product.settle();
    const [line] = product.linesOf(key).filter(({ event }) => event !== "image.inspected");
    return line;
  };

  it.each([
    ["notes.txt", "its name does not end in"],
    ["web.qcow2.xz", "it is packed"],
    ["disk.VHDX", "cannot import this format"],
    ["install.iso", "installation medium"],
    ["folder/", "folder marker"],
    ["x.import-status.json", "oss-image-import wrote it"],
  ])("%s is ignored, with the reason, and no call to the cloud", async (key, reason) => {
    const before = product.cloud.faults.count;
    product.cloud.fc?.deliverOssEvent(eventOf(product, key));
    expect(await outcome(key)).toMatchObject({ event: "object.ignored", reason: expect.stringContaining(reason) });
    expect(product.cloud.faults.count).toBe(before);
  });

  it("names the command that unpacks a packed image, quoted for a shell", async () => {
    product.cloud.fc?.deliverOssEvent(eventOf(product, "a/my web.qcow2.xz"));
    expect((await outcome("a/my web.qcow2.xz"))?.advice).toContain("xz -d 'my web.qcow2.xz'");
  });

  it("an empty object waits for its content, and its content releases it", async () => {
    await product.upload("empty.raw", "");
    expect(await outcome("empty.raw")).toMatchObject({
      event: "object.waiting",
      waitingFor: "content",
      advice: expect.stringContaining("upload it again"),
    });
    await product.upload("empty.raw", raw(1, 30));
    await product.untilEnded();
    expect(product.linesOf("empty.raw").map(({ event }) => event)).toContain("import.available");
  });

  it.each([
    ["archived.raw", { "x-oss-storage-class": "Archive" }, "object.archived"],
    ["encrypted.raw", { "x-oss-server-side-encryption": "AES256" }, "object.encrypted"],
  ])("%s is rejected before ECS is asked", async (key, headers, code) => {
    await product.upload(key, raw(1, 31), headers);
    expect(await outcome(key)).toMatchObject({
      event: "image.rejected",
      findings: expect.arrayContaining([expect.objectContaining({ code, severity: "error" })]),
    });
    expect(await product.statusOf(key)).toMatchObject({ state: "rejected" });
  });

  it("an image with a backing file is rejected with a finding, in the log and in the status file", async () => {
    const image = qcow2();
    image.writeBigUInt64BE(1024n, 8);
    image.writeUInt32BE(8, 16);
    image.write("base.raw", 1024);
    await product.upload("overlay.qcow2", image);
    expect(await outcome("overlay.qcow2")).toMatchObject({
      event: "image.rejected",
      findings: expect.arrayContaining([expect.objectContaining({ code: "qcow2.backing-file" })]),
    });
    expect(JSON.stringify(await product.statusOf("overlay.qcow2"))).toContain("qcow2.backing-file");
    expect(product.cloud.ecs.snapshot().images.map(({ ImageName }) => ImageName)).not.toContainEqual(
      expect.stringContaining("overlay"),
    );
  });

  it("a symbolic link is rejected, with what to do instead", async () => {
    await product.bucket.put("target.bin", raw(1, 41));
    await product.bucket.putSymlink("link.raw", "target.bin", {} as Parameters<typeof product.bucket.putSymlink>[2]);
    await product.settle();
    expect(product.linesOf("link.raw").at(-1)).toMatchObject({
      event: "image.rejected",
      findings: expect.arrayContaining([expect.objectContaining({ code: "object.symlink" })]),
      advice: expect.stringContaining("Copy the image itself"),
    });
  });

  it.each([
    [
      "an event of another bucket",
      (event: ReturnType<typeof eventOf>) => ({
        ...event,
        oss: { ...event.oss, bucket: { ...event.oss.bucket, name: "strange-bucket" } },
      }),
    ],
    ["an event of another region", (event: ReturnType<typeof eventOf>) => ({ ...event, region: "cn-beijing" })],
    [
      "an event of another account",
      (event: ReturnType<typeof eventOf>) => ({
        ...event,
        oss: { ...event.oss, bucket: { ...event.oss.bucket, ownerIdentity: "42" } },
      }),
    ],
  ])("%s is refused", async (_, change) => {
    const key = `strange-${Math.random()}.raw`;
    const event = change(eventOf(product, key));
    await product.cloud.fc?.invoke("image-import", Buffer.from(JSON.stringify({ events: [event] })));
    expect(product.linesOf(key)).toMatchObject([{ event: "object.ignored", level: "warn" }]);
  });

  it.each([["not json"], ["{}"], ['{"events":[{}]}'], ['{"events":[null,3]}'], ["[]"]])(
    "the event %s is acknowledged",
    async (payload) => {
      const before = product.lines.length;
      const result = await product.cloud.fc?.invoke("image-import", Buffer.from(payload));
      expect(result).toMatchObject({ errorType: undefined });
      if (payload !== "[]")
        expect(product.lines.slice(before)).toContainEqual(
          expect.objectContaining({ event: "event.malformed", level: "error" }),
        );
    },
  );

  it("one record that is malformed does not keep the one beside it from its import", async () => {
    await product.bucket.put("beside.raw", raw(1, 33));
    const events = [{ broken: true }, eventOf(product, "beside.raw")];
    await product.cloud.fc?.invoke("image-import", Buffer.from(JSON.stringify({ events })));
    await product.untilEnded();
    expect(product.linesOf("beside.raw").map(({ event }) => event)).toContain("import.available");
  });

  it("CloudEvents are understood, alone and in a list", async () => {
    const cloudEvent = (key: string) => ({
      specversion: "1.0",
      id: key,
      source: "acs.oss",
      type: "oss:ObjectCreated:PutObject",
      data: eventOf(product, key),
    });
    for (const [key, payload] of [
      ["one.txt", cloudEvent("one.txt")],
      ["two.txt", [cloudEvent("two.txt")]],
    ] as const) {
      await product.cloud.fc?.invoke("image-import", Buffer.from(JSON.stringify(payload)));
      expect(await outcome(key)).toMatchObject({ event: "object.ignored" });
    }
  });

  it("a key that the event URL-encodes is found decoded", async () => {
    await product.bucket.put("plain name.raw", raw(1, 34));
    await product.settle();
    const lines = product.linesOf("plain name.raw").length;
    product.cloud.fc?.deliverOssEvent(eventOf(product, "plain%20name.raw"));
    await product.settle();
    expect(product.linesOf("plain name.raw").length).toBeGreaterThan(lines);
  });
});

describe("what ECS refuses", () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct();
  });
  afterAll(() => product.close());

  it("for want of the role is parked with advice, not hammered, and goes on once the role is there", async () => {
    const role = product.cloud.roles.get("AliyunECSImageImportDefaultRole");
    product.cloud.roles.delete("AliyunECSImageImportDefaultRole");
    await product.upload("role.raw", raw(1, 40));
    await product.settle();
    expect(product.linesOf("role.raw")).toContainEqual(
      expect.objectContaining({
        event: "import.parked",
        errorCode: "NoSetRoletoECSServiceAcount",
        advice: expect.stringContaining("AliyunECSImageImportDefaultRole"),
      }),
    );
    await product.tick();
    await product.tick();
    expect(product.linesOf("role.raw").filter(({ event }) => event === "import.parked")).toHaveLength(1);
    expect(await product.statusOf("role.raw")).toMatchObject({ state: "parked" });
    if (role) product.cloud.roles.set("AliyunECSImageImportDefaultRole", role);
  });

  it("for good ends the import with code, reason, advice and request id", async () => {
    product.cloud.ecs.failNext("ImportImage", "InvalidRegion.NotSupport");
    await product.upload("refused.raw", raw(1, 41));
    await product.settle();
    expect(product.linesOf("refused.raw")).toContainEqual(
      expect.objectContaining({
        event: "import.failed",
        errorCode: "InvalidRegion.NotSupport",
        reason: expect.any(String),
        advice: expect.any(String),
        ecsRequestId: expect.any(String),
      }),
    );
  });

  it("for a moment is tried again within the invocation", async () => {
    product.cloud.ecs.failNext("ImportImage", "Throttling.User");
    product.cloud.ecs.failNext("ImportImage", "ServiceUnavailable");
    await product.upload("busy.raw", raw(1, 42));
    await product.untilEnded();
    expect(product.linesOf("busy.raw").map(({ event }) => event)).toContain("import.available");
  });

  it.each([
    ["fails", { kind: "fails", errorCode: "InvalidFormat", errorMsg: "not a disk", atProgress: 40 }, "InvalidFormat"],
    ["finishes below 100 %", { kind: "finishes-short", atProgress: 63 }, "63 %"],
    [
      "finishes with a failed operation",
      { kind: "finishes-with-failed-operation", errorCode: "OssError", errorMsg: "gone" },
      "OssError",
    ],
    ["finishes without an image", { kind: "finishes-without-image" }, "CreateFailed"],
  ] as const)("afterwards, when the task %s, is a failure with its reason", async (title, result, expected) => {
    const key = `task-${title.replaceAll(/\W/g, "-")}.raw`;
    product.cloud.ecs.scriptImport({ key }, result);
    await product.upload(key, raw(1, key.length));
    await product.untilEnded();
    const [line] = product.linesOf(key).filter(({ event }) => event === "import.failed");
    expect(`${line?.["errorCode"]} ${line?.reason}`).toContain(expected);
    expect(line?.advice).toBeTruthy();
    expect(await product.statusOf(key)).toMatchObject({ state: "failed" });
  });

  it("is told from an image check that finds risks after the image is available", async () => {
    product.cloud.ecs.settings.detectionSeconds = 0.1;
    product.cloud.ecs.settings.detectionRisks = [
      { name: "GUESTOS.Nvme", value: "Unsupported", riskCode: "NVMe.NotInstalled", riskLevel: "Medium" },
    ];
    await product.upload("checked.raw.import.yaml", "detectionStrategy: Standard");
    await product.upload("checked.raw", raw(1, 50));
    await product.untilEnded();
    expect(product.linesOf("checked.raw").map(({ event }) => event)).toContain("import.available");
    const checkedLine = () => product.linesOf("checked.raw").find((line) => "imageCheck" in line);
    for (let ticks = 0; ticks < 50 && checkedLine() === undefined; ticks += 1) {
      await new Promise((done) => setTimeout(done, 100));
      await product.tick();
    }
    const checked = checkedLine();
    expect(JSON.stringify(checked)).toContain("NVMe.NotInstalled");
  });
});
