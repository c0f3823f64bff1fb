import fc from "fast-check";
import {
  isCloudInitNewEnough,
  parsePythonVersion,
  readCloudInit,
  versionInMetadataName,
} from "../../../../shared/inspection/guest/linux/cloud-init.ts";
import {
  parseApkVersion,
  parseDpkgVersion,
  upstream,
} from "../../../../shared/inspection/guest/linux/package-versions.ts";
import { findRpmVersion } from "../../../../shared/inspection/guest/linux/rpm-database.ts";
import { memoryTree } from "./memory-tree.ts";

const debianVersionPy = `# Copyright
__VERSION__ = "22.4.2"
_PACKAGED_VERSION = "@@PACKAGED_VERSION@@"

def version_string():
    """Extract a version string from cloud-init."""
    if not _PACKAGED_VERSION.startswith("@@"):
        return _PACKAGED_VERSION
    return __VERSION__
`;
const oldVersionPy = 'from distutils import version as vr\n\ndef version():\n    return vr.StrictVersion("0.7.6")\n';
const dpkgStatus = (version: string, status = "install ok installed") =>
  `Package: apt\nStatus: install ok installed\nVersion: 2.6\n\nPackage: cloud-init\nStatus: ${status}\nVersion: ${version}\n\nPackage: zlib\n`;

describe("the version of cloud-init", () => {
  it.each([
    ["Debian's, whose placeholder was not filled in", debianVersionPy, "22.4.2"],
    ["Ubuntu's, whose placeholder was", debianVersionPy.replace("@@PACKAGED_VERSION@@", "24.1.3-0ubuntu3.3"), "24.1.3"],
    ["a release before 18", oldVersionPy, "0.7.6"],
    ["one that returns it", 'def version_string():\n    return "0.7.9"\n', "0.7.9"],
    ["an empty one", "", undefined],
  ])("is found in %s", (_, text, version) => {
    expect(parsePythonVersion(text)).toBe(version);
  });

  it.each([
    ["1:22.4.2-1+deb12u4", "22.4.2"],
    ["0.7.6a15-1.al7", "0.7.6a15"],
    ["23.1~rc1", "23.1"],
    ["19.1.3", "19.1.3"],
  ])("of the package %s is %s", (version, expected) => {
    expect(upstream(version)).toBe(expected);
  });

  it("is found in dpkg's status of an installed package only", () => {
    expect(parseDpkgVersion(dpkgStatus("19.1.3-1"), "cloud-init")).toBe("19.1.3");
    expect(parseDpkgVersion(dpkgStatus("19.1.3-1", "deinstall ok config-files"), "cloud-init")).toBeUndefined();
    expect(parseDpkgVersion("Package: cloud-init-tools\nVersion: 1\n", "cloud-init")).toBeUndefined();
  });

  it("is found in apk's list", () => {
    expect(parseApkVersion("P:busybox\nV:1.36\n\nC:Q1\nP:cloud-init\nV:23.4.4-r0\n", "cloud-init")).toBe("23.4.4");
    expect(parseApkVersion("P:busybox\nV:1.36\n", "cloud-init")).toBeUndefined();
  });

  it("is found in the header of an rpm", () => {
    const header = Buffer.from("\0\0C\0cloud-init\x0019.1.3\x001.al8\0Cloud instance init script\0", "latin1");
    expect(findRpmVersion(Buffer.concat([Buffer.alloc(900, 3), header]), "cloud-init")).toBe("19.1.3");
    expect(findRpmVersion(Buffer.from("\0cloud-init\0dracut\0", "latin1"), "cloud-init")).toBeUndefined();
  });

  it.each([
    [["cloud_init-0.7.6a15-py2.7.egg-info"], "0.7.6a15"],
    [["cloudinit", "cloud_init-19.1.3.dist-info"], "19.1.3"],
    [["cloud_init_tools-1.0.egg-info"], undefined],
  ])("is found among the names %j", (names, version) => {
    expect(versionInMetadataName(names)).toBe(version);
  });

  it("is read without any package database where the Python package says enough", async () => {
    const tree = memoryTree({
      "/usr/lib/python3/dist-packages/cloudinit/version.py": debianVersionPy,
      "/var/lib/dpkg/status": dpkgStatus("99.9-1"),
    });
    expect(await readCloudInit(tree)).toEqual({ installed: true, version: "22.4.2" });
  });

  it.each([
    ["/var/lib/dpkg/status", dpkgStatus("0.7.6a15-1"), "0.7.6a15"],
    ["/var/lib/rpm/rpmdb.sqlite", "\0cloud-init\x000.7.6a12\x001.al7\0", "0.7.6a12"],
    ["/usr/lib/python2.7/site-packages/cloud_init-0.7.6a15-py2.7.egg-info/PKG-INFO", "", "0.7.6a15"],
    ["/etc/hostname", "nothing better", "0.7.6"],
  ])("of a line with suffixes is asked of %s", async (path, content, version) => {
    const python = { "/usr/lib/python2.7/site-packages/cloudinit/version.py": oldVersionPy };
    expect(await readCloudInit(memoryTree({ ...python, [path]: content }))).toEqual({ installed: true, version });
  });

  it("stays open where there is the program only", async () => {
    expect(await readCloudInit(memoryTree({ "/usr/bin/cloud-init": "#!" }))).toEqual({ installed: true });
  });

  it("is none where it is not installed", async () => {
    expect(await readCloudInit(memoryTree({ "/usr/lib/python3/dist-packages/yaml.py": "" }))).toEqual({
      installed: false,
    });
  });
});

describe("cloud-init", () => {
  it.each([
    ["19.1.3", true],
    ["19.1.22", true],
    ["19.1.2", false],
    ["19.1", undefined],
    ["19.2", true],
    ["20.1", true],
    ["22.4.2", true],
    ["24.1.3", true],
    ["18.5", false],
    ["0.7.6a15", true],
    ["0.7.6a20", true],
    ["0.7.6a14", false],
    ["0.7.6", undefined],
    ["0.7.9", false],
    ["unknown", undefined],
    ["", undefined],
  ])("%s is new enough: %s", (version, answer) => {
    expect(isCloudInitNewEnough(version)).toBe(answer);
  });

  it("of any version gets an answer", () => {
    fc.assert(fc.property(fc.string(), (version) => void isCloudInitNewEnough(version)));
  });
});
