/** How a caller meets every error code of the embedded ECS. */
import type { EcsErrorCode } from "../../../local/ecs/errors.ts";
import type { PolicyDocument } from "../../../local/wire/identities.ts";
import { account, accountId, dynamicVhd, type EmbeddedEcs, qcow2Header, region } from "./embedded-ecs.ts";
import { type Credentials, genericCall, type Seen } from "./generic-client.ts";
import { type HandMade, sendAcs3 } from "./hand-made-request.ts";

type Query = Readonly<Record<string, string>>;
type Meeting = (cloud: EmbeddedEcs) => Promise<Seen>;

const call = (cloud: EmbeddedEcs, action: string, query: Query, caller: Credentials = account): Promise<Seen> =>
  genericCall(cloud.endpoint, caller)(action, query);

const goodImport: Query = {
  RegionId: region,
  ImageName: "web-1",
  "DiskDeviceMapping.1.OSSBucket": "images",
  "DiskDeviceMapping.1.OSSObject": "in/web.qcow2",
};

export const imports = (cloud: EmbeddedEcs, query: Query = {}) =>
  call(cloud, "ImportImage", { ...goodImport, ...query });

/** ImportImage with these parameters beside, or in place of, the good ones. */
const withParameters =
  (query: Query): Meeting =>
  (cloud) =>
    imports(cloud, query);

/** The good import, once `prepare` has spoilt something. */
const after =
  (prepare: (cloud: EmbeddedEcs) => void, query: Query = {}): Meeting =>
  (cloud) => {
    prepare(cloud);
    return imports(cloud, query);
  };

/** An import of the key `other.vhd` (or another) with this content. */
const withObject = (content: Buffer, facts: object = {}, key = "other.vhd"): Meeting =>
  after((cloud) => cloud.objects.put("images", key, content, facts), { "DiskDeviceMapping.1.OSSObject": key });

const withBucket = (facts: object): Meeting =>
  after(
    (cloud) => {
      cloud.objects.addBucket({ name: "other", ...facts });
      cloud.objects.put("other", "in/web.qcow2", qcow2Header(1024 ** 3));
    },
    { "DiskDeviceMapping.1.OSSBucket": "other" },
  );

export const withRolePolicy = (document: PolicyDocument["Statement"][number]): Meeting =>
  after((cloud) =>
    cloud.roles.set("AliyunECSImageImportDefaultRole", {
      trustedServices: ["ecs.aliyuncs.com"],
      policies: [{ Version: "1", Statement: [document] }],
    }),
  );

const importId = async (cloud: EmbeddedEcs, member: "ImageId" | "TaskId"): Promise<string> =>
  String((await imports(cloud)).body[member]);

/** An import that has ended well, then an action on its image. */
const onImage =
  (action: string, query: Query, waitInSeconds = 60): Meeting =>
  async (cloud) => {
    const imageId = await importId(cloud, "ImageId");
    cloud.clock.advance(waitInSeconds);
    return call(cloud, action, { RegionId: region, ImageId: imageId, "ResourceId.1": imageId, ...query });
  };

const byHand =
  (request: HandMade, caller: Credentials = account): Meeting =>
  async (cloud) => {
    const { json, status } = await sendAcs3(cloud.endpoint, caller, request);
    return { code: String(json["Code"]), status, body: json };
  };

const session = (cloud: EmbeddedEcs, policies: readonly PolicyDocument[] = []) =>
  cloud.identities.issueSession({ roleName: "fc", accountId, policies, seconds: 900, now: cloud.clock.now() });

const cloudBox = { StorageLocationArn: `arn:acs:cloudbox:${region}:${accountId}:cloudbox/cb-1` };
const tags = (...keys: string[]): Query => Object.fromEntries(keys.map((key, index) => [`Tag.${index + 1}.Key`, key]));

/** How each code is met; `script` where no real cause exists. */
export const meetings: Readonly<Record<EcsErrorCode, Meeting | "script">> = {
  "UnsupportedSuffix.OSSObject": withParameters({ "DiskDeviceMapping.1.OSSObject": "in/web.qcow2.xz" }),
  "MissingParameter.DiskDeviceMapping": (cloud) => call(cloud, "ImportImage", { RegionId: region }),
  "InvalidImageName.Malformed": withParameters({ ImageName: "aliyun-web" }),
  "InvalidImageName.Duplicated": async (cloud) => {
    await imports(cloud);
    cloud.clock.advance(60);
    return imports(cloud);
  },
  "InvalidDescription.Malformed": withParameters({ Description: "https://example.com" }),
  "InvalidArchitecture.Malformed": withParameters({ Architecture: "mips" }),
  "InvalidArchitecture.PlatformUnsupported": withParameters({ Architecture: "arm64", OSType: "windows" }),
  "InvalidPlatform.Malformed": withParameters({ Platform: "debian" }),
  "InvalidOSType.Malformed": withParameters({ OSType: "plan9" }),
  "InvalidBootMode.Malformed": withParameters({ BootMode: "UEFI-Preferred" }),
  "InvalidBootMode.NotSupport": withParameters({ Architecture: "arm64", BootMode: "BIOS" }),
  "InvalidLicenseType.NotSupported": withParameters({ LicenseType: "GPL" }),
  "InvalidLicenseType.BYOLOnly": withParameters({ Platform: "RedHat", LicenseType: "Aliyun" }),
  InvalidImageSize: withParameters({ "DiskDeviceMapping.1.DiskImageSize": "1" }),
  InvalidDataDiskSize: withParameters({
    "DiskDeviceMapping.2.OSSBucket": "images",
    "DiskDeviceMapping.2.OSSObject": "in/web.qcow2",
    "DiskDeviceMapping.2.DiskImageSize": "2049",
  }),
  "InvalidImageFormat.Malformed": withParameters({ "DiskDeviceMapping.1.Format": "VHDX" }),
  "InvalidImageFormat.RegionNotSupported": after(
    ({ server }) => {
      server.settings.formatsNotInRegion = ["QCOW2"];
    },
    { "DiskDeviceMapping.1.Format": "qcow2" },
  ),
  "InvalidVHDImage.IncorrectSize": withObject(dynamicVhd(3 * 1024 ** 3, 1024, 2 * 1024 ** 2)),
  "InvalidBlockSize.NotSupport": withObject(dynamicVhd(1024 ** 3, 1024, 3 * 1024 ** 2)),
  "InvalidOSSObject.Malformed": withParameters({ "DiskDeviceMapping.1.OSSObject": "/in/web.qcow2" }),
  "InvalidOSSObject.Size": withObject(Buffer.alloc(0)),
  "InvalidOSSObject.NotFound": withParameters({ "DiskDeviceMapping.1.OSSObject": "in/gone.qcow2" }),
  "InvalidOSSObject.NeedRestore": withObject(Buffer.alloc(512), { readable: false, storageClass: "Archive" }),
  "InvalidOSSBucket.Malformed": withParameters({ "DiskDeviceMapping.1.OSSBucket": "Images" }),
  "InvalidOSSBucket.NotFound": withBucket({ region: "cn-shanghai" }),
  "InvalidOSSBucket.NotMatched": withBucket({ ownerAccountId: "9" }),
  "InvalidOSSBucket.EncryptUnsupported": withBucket({ encryption: "AES256" }),
  "InvalidOSSBucket.FlowLimit": "script",
  "InvalidOSS.NotAuthorized": withRolePolicy({
    Effect: "Allow",
    Action: "oss:Get*",
    Resource: ["acs:oss:*:*:another", "acs:oss:*:*:another/*"],
  }),
  NoSetRoletoECSServiceAcount: after(({ roles }) => roles.clear()),
  NoSetRoletoECSServiceAccount: after(({ roles, server }) => {
    roles.clear();
    server.settings.missingRoleCode = "NoSetRoletoECSServiceAccount";
  }),
  "InvalidAccountStatus.OSSDisabled": after(({ server }) => {
    server.settings.ossDisabled = true;
  }),
  UserNotInTheWhiteList: withParameters({ "DiskDeviceMapping.1.Format": "VMDK" }),
  "QuotaExceed.Image": after(({ server }) => {
    server.settings.imageQuota = 0;
  }),
  ImageIsImporting: onImage("DeleteImage", {}, 1),
  ImportImageFailed: "script",
  "InvalidRegion.NotSupport": after(({ server }) => {
    server.settings.regionsWithoutImport = [region];
  }),
  "InvalidResourceGroup.NotFound": withParameters({ ResourceGroupId: "rg-nowhere" }),
  "InvalidParameter.Malformed": withParameters({ "DiskDeviceMapping.1.Device": "/dev/xvda" }),
  "InvalidParameter.DetectionStrategy": withParameters({ DetectionStrategy: "Thorough" }),
  "InvalidParameter.FeaturesNvmeSupport": withParameters({ "Features.NvmeSupport": "yes" }),
  "InvalidParameter.FeaturesImdsSupport": withParameters({ "Features.ImdsSupport": "v3" }),
  "ImageCheckUnsupported.WindowsImage": withParameters({
    OSType: "windows",
    Platform: "Windows Server 2008",
    DetectionStrategy: "Standard",
  }),
  "InvalidStorageLocation.NotFound": withParameters(cloudBox),
  "InvalidOperation.CloudBoxImageImportRoleRequired": after(({ server }) => {
    server.settings.cloudBoxes = new Map([["cb-1", { imports: true }]]);
  }, cloudBox),
  "InvalidOperation.CloudBoxImageImportUnsupported": after(({ server }) => {
    server.settings.cloudBoxes = new Map([["cb-1", { imports: false }]]);
  }, cloudBox),
  "Account.Arrearage": after(({ server }) => {
    server.settings.accountInArrears = true;
  }),
  "InvalidClientToken.Malformed": withParameters({ ClientToken: "x".repeat(65) }),
  DryRunOperation: withParameters({ DryRun: "true" }),
  "DRYRUN.SUCCESS": after(
    ({ server }) => {
      server.settings.dryRunCode = "DRYRUN.SUCCESS";
    },
    { DryRun: "true" },
  ),
  "InvalidAction.NotFound": (cloud) => call(cloud, "ImportNothing", {}),
  UnsupportedOperation: (cloud) => call(cloud, "CopyImage", { RegionId: region }),
  NoSuchVersion: byHand({ version: "2013-01-10" }),
  RequestTooLarge: byHand({ body: "x".repeat(64 * 1024 + 1) }),
  MissingParameter: (cloud) => call(cloud, "DescribeTasks", {}),
  InvalidParameter: (cloud) => call(cloud, "DescribeTasks", { RegionId: region, PageSize: "0" }),
  "InvalidRegionId.NotFound": withParameters({ RegionId: "cn-nowhere" }),
  "InvalidTaskId.NotFound": (cloud) => call(cloud, "CancelTask", { RegionId: region, TaskId: "t-1" }),
  "InvalidTaskId.TaskActionNotSupport": "script",
  "InvalidTaskId.IncorrectTaskStatus": async (cloud) => {
    const TaskId = await importId(cloud, "TaskId");
    cloud.clock.advance(60);
    return call(cloud, "CancelTask", { RegionId: region, TaskId });
  },
  CancelTaskFailed: "script",
  "InvalidImageId.NotFound": (cloud) => call(cloud, "ModifyImageAttribute", { RegionId: region, ImageId: "m-1" }),
  "InvalidResourceId.NotFound": onImage("TagResources", { ResourceType: "image", "ResourceId.2": "m-1", ...tags("a") }),
  "InvalidResourceType.NotFound": onImage("TagResources", { ResourceType: "picture", ...tags("a") }),
  "InvalidImageFamily.Malformed": onImage("ModifyImageAttribute", { ImageFamily: "aliyun-web" }),
  IncorrectImageStatus: onImage("ModifyImageAttribute", { Status: "Deprecated" }, 1),
  "TagKey.Duplication": withParameters(tags("Team", "team")),
  "InvalidTagKey.Malformed": withParameters(tags("acs:team")),
  "InvalidTagValue.Malformed": withParameters({ "Tag.1.Key": "team", "Tag.1.Value": "acs:x" }),
  "NumberExceed.Tags": withParameters(tags(...Array.from({ length: 21 }, (_, index) => `k${index}`))),
  ImageUsingByInstance: "script",
  IdempotentParameterMismatch: async (cloud) => {
    await imports(cloud, { ClientToken: "token" });
    return imports(cloud, { ClientToken: "token", ImageName: "web-2" });
  },
  "InvalidIdempotenceParameter.Mismatch": "script",
  LastTokenProcessing: async (cloud) => {
    let answerRead: (bytes: Buffer) => void = () => undefined;
    let startedReading: () => void = () => undefined;
    const reading = new Promise<void>((resolve) => {
      startedReading = resolve;
    });
    cloud.objects.put("images", "in/web.qcow2", Buffer.alloc(512), {
      read: () => {
        startedReading();
        return new Promise((resolve) => {
          answerRead = resolve;
        });
      },
    });
    const first = imports(cloud, { ClientToken: "token" });
    await reading;
    const second = await imports(cloud, { ClientToken: "token" });
    answerRead(qcow2Header(1024 ** 3));
    await first;
    return second;
  },
  "Forbidden.RAM": (cloud) => call(cloud, "ImportImage", goodImport, session(cloud)),
  Forbidden: "script",
  "Forbidden.Unauthorized": "script",
  "Forbidden.SubUser": "script",
  "Forbidden.AccessKeyDisabled": "script",
  "Forbidden.RiskControl": "script",
  RealNameAuthenticationError: "script",
  InsufficientBalance: "script",
  MissingAccessKeyId: async (cloud) => {
    const response = await fetch(`http://${cloud.endpoint}/?Action=DescribeTasks&Version=2014-05-26&Format=JSON`);
    const body = (await response.json()) as Record<string, unknown>;
    return { code: String(body["Code"]), status: response.status, body };
  },
  "InvalidAccessKeyId.NotFound": byHand({}, { ...account, accessKeyId: "LTAIunknown" }),
  MissingSecurityToken: (cloud) => {
    const { accessKeyId, accessKeySecret } = session(cloud);
    return byHand({}, { accessKeyId, accessKeySecret })(cloud);
  },
  "InvalidSecurityToken.MismatchWithAccessKey": (cloud) =>
    byHand({}, { ...session(cloud), securityToken: "another" })(cloud),
  "InvalidSecurityToken.Expired": (cloud) => {
    const caller = session(cloud);
    cloud.clock.advance(900);
    return byHand({}, caller)(cloud);
  },
  IncompleteSignature: byHand({ signature: "" }),
  SignatureDoesNotMatch: byHand({ signature: "0".repeat(64) }),
  SignatureNonceUsed: async (cloud) => {
    await byHand({ nonce: "once" })(cloud);
    return byHand({ nonce: "once" })(cloud);
  },
  "InvalidTimeStamp.Format": byHand({ timestamp: "yesterday" }),
  "InvalidTimeStamp.Expired": byHand({ minutesOff: -16 }),
  IllegalTimestamp: byHand({ minutesOff: 16 }),
  "Throttling.User": async (cloud) => {
    cloud.server.settings.requestsPerSecond = { ImportImage: 1 };
    await imports(cloud);
    return imports(cloud);
  },
  Throttling: "script",
  "Rejected.Throttling": "script",
  OperationConflict: "script",
  InternalError: "script",
  ServiceUnavailable: "script",
  "ServiceUnavailable.RegionMaintaining": "script",
};
