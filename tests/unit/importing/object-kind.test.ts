import fc from "fast-check";
import { imageEndings, objectKind } from "../../../shared/importing/object-kind.ts";

const adviceOf = (key: string): string => {
  const kind = objectKind(key);
  if (kind.kind !== "other") throw new Error(`${key} is ${kind.kind}`);
  return kind.advice;
};

describe("the kind of an object", () => {
  it.each(
    imageEndings.flatMap((ending) => [`web${ending}`, `a/b/WEB${ending.toUpperCase()}`, `.hidden${ending}`, ending]),
  )("%s is an image", (key) => {
    expect(objectKind(key)).toEqual({ kind: "image" });
  });

  it.each(["in/../web.raw", "./web.raw", "in/./web.raw.import.yaml", "..", "../image-import.yaml"])(
    "%s is none that can be asked for: its address would be another's",
    (key) => {
      expect(adviceOf(key)).toBe("Upload it again under another key.");
    },
  );

  it.each(["in/..web.raw", "in/web..raw", "in/.../web.raw", ".raw"])("%s is an image all the same", (key) => {
    expect(objectKind(key)).toEqual({ kind: "image" });
  });

  it.each([
    ["web.qcow2.import.yaml", "sidecar"],
    ["in/web.qcow2.import.yml", "sidecar"],
    ["in/web.qcow2.import.json", "sidecar"],
    ["notes.import.yaml", "sidecar"],
    ["image-import.yaml", "bucket-manifest"],
    ["image-import.yml", "bucket-manifest"],
    ["image-import.json", "bucket-manifest"],
    ["web.qcow2.import-status.json", "own"],
    ["web.qcow2.import.yaml.import-status.json", "own"],
  ])("%s is a %s", (key, kind) => {
    expect(objectKind(key)).toEqual({ kind });
  });

  it.each([
    ["web.qcow2.xz", "it is packed", "xz -d web.qcow2.xz"],
    ["web.raw.LZMA", "it is packed", "xz -d web.raw.LZMA"],
    ["in/web.raw.gz", "it is packed", "gunzip web.raw.gz"],
    ["web.raw.zst", "it is packed", "zstd -d web.raw.zst"],
    ["web.raw.zstd", "it is packed", "zstd -d web.raw.zstd"],
    ["web.raw.bz2", "it is packed", "bzip2 -d web.raw.bz2"],
    ["web.raw.lz4", "it is packed", "lz4 -d web.raw.lz4"],
    ["web.zip", "it is packed", "unzip web.zip"],
    ["web.7z", "it is packed", "7z x web.7z"],
    ["web.tar", "it is packed", "tar -xf web.tar"],
    ["web.tar.gz", "it is packed", "tar -xf web.tar.gz"],
    ["web.TAR.XZ", "it is packed", "tar -xf web.TAR.XZ"],
    ["web.tgz", "it is packed", "tar -xf web.tgz"],
    ["web.ova", "it is packed", "tar -xf web.ova"],
    ["web.vhdx", "cannot import this format", "qemu-img convert -O qcow2 web.vhdx web.qcow2"],
    ["a/Web.VDI", "cannot import this format", "qemu-img convert -O qcow2 Web.VDI Web.qcow2"],
    ["web.qed", "cannot import this format", "qemu-img convert"],
    ["web.qcow", "cannot import this format", "qemu-img convert"],
    ["web.hdd", "cannot import this format", "qemu-img convert"],
    ["setup.iso", "installation medium", "virtual machine"],
    ["web.ovf", "holds no disk", "Upload the disk"],
    ["a/folder/", "folder marker", "Nothing"],
    ["clip.MOV", "does not end in .qcow2, .vhd, .raw, .vmdk, .img", "ending of its format"],
    ["qcow2", "does not end in", "ending of its format"],
    ["web.qcow2/readme", "does not end in", "ending of its format"],
    ["web.qcow2.bak", "does not end in", "ending of its format"],
    ["a/image-import.yaml", "does not end in", "ending of its format"],
  ])("%s is none: %s, and what to do is said", (key, reason, advice) => {
    expect(objectKind(key)).toEqual({
      kind: "other",
      reason: expect.stringContaining(reason),
      advice: expect.stringContaining(advice),
    });
  });

  it("offers commands that can be pasted into a shell, whatever the file is called", () => {
    const fileName = fc
      .string({ unit: fc.constantFrom(..."ab -.'\"`$&\\|;<>(){}[]*?!#~%+=@,^\n镜"), minLength: 1 })
      .filter((name) => !name.includes("/"));
    fc.assert(
      fc.property(fileName, fc.constantFrom("gz", "xz", "zip", "tar.gz", "7z"), (stem, ending) => {
        const name = `${stem}.${ending}`;
        const [, command = ""] = adviceOf(`folder/${name}`).split("the result: ");
        const words = shellWords(command);
        expect(words.at(-1)?.replace(/^\.\/(?=-)/, "")).toBe(name);
        expect(words.at(-1)?.startsWith("-")).toBe(false);
        expect(words.slice(0, -1).every((word) => /^[a-z0-9-]+$/.test(word))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("names the converted file after the original", () => {
    const [, command = ""] = adviceOf("in/it's $& my disk.vhdx").split("the result: ");
    expect(shellWords(command)).toEqual([
      "qemu-img",
      "convert",
      "-O",
      "qcow2",
      "it's $& my disk.vhdx",
      "it's $& my disk.qcow2",
    ]);
  });

  it("is told of any key at all, with a reason and advice for those that are left alone", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (key) => {
        const kind = objectKind(key);
        if (kind.kind === "other") expect(Math.min(kind.reason.length, kind.advice.length)).toBeGreaterThan(0);
      }),
    );
  });
});

/** The words of a simple command as a POSIX shell splits and unquotes it. Throws for what would be more than that. */
function shellWords(command: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let index = 0; index < command.length; index += 1) {
    const character = command.charAt(index);
    if (character === "'") {
      const end = command.indexOf("'", index + 1);
      if (end < 0) throw new Error("the quote does not end");
      word = (word ?? "") + command.slice(index + 1, end);
      index = end;
    } else if (character === "\\") {
      index += 1;
      word = (word ?? "") + command.charAt(index);
    } else if (character === " ") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (/[\n"`$&|;<>(){}[\]*?!#~]/.test(character)) {
      throw new Error(`the shell would act on ${JSON.stringify(character)}`);
    } else word = (word ?? "") + character;
  }
  return word === undefined ? words : [...words, word];
}
