/**
 * The same job written the obvious way, to compare with: everything is imported where the file begins, the whole OSS client and
 * the whole generated ECS client, and the schemas are compiled at start. It does less than the product does: no ledger, no
 * inspection, no layers, one try, and a manifest that is wrong is an error without a place.
 */
import ecs, { ImportImageRequest } from "@alicloud/ecs20140526";
import { Config } from "@alicloud/openapi-client";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import OSS from "ali-oss";
import { parse } from "yaml";
import bucketManifestSchema from "../../shared/manifest/schemas/bucket-manifest.schema.json" with { type: "json" };
import sidecarSchema from "../../shared/manifest/schemas/sidecar.schema.json" with { type: "json" };

const ajv = new Ajv2020({ allErrors: true, strict: false });
const isBucketManifest = ajv.compile<{ defaults?: Settings }>(bucketManifestSchema);
const isSidecar = ajv.compile<Settings>(sidecarSchema);

interface Settings {
  readonly imageName?: string;
  readonly platform?: string;
  readonly architecture?: string;
}

interface Context {
  readonly requestId: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly accessKeySecret: string };
}

export const handler = async (event: Buffer, { region, credentials, requestId }: Context): Promise<void> => {
  const { OSS_ENDPOINT = "", ECS_ENDPOINT = "", IMAGE_BUCKET = "" } = process.env;
  const oss = new OSS({
    ...credentials,
    region: `oss-${region}`,
    bucket: IMAGE_BUCKET,
    endpoint: OSS_ENDPOINT,
    authorizationV4: true,
  });
  const client = new ecs.default(
    new Config({ ...credentials, regionId: region, endpoint: ECS_ENDPOINT.replace("http://", ""), protocol: "HTTP" }),
  );
  for (const { oss: place } of JSON.parse(event.toString()).events) {
    const key: string = place.object.key;
    const head = await oss.head(key);
    const defaults = (await manifest(oss, "image-import.yaml", isBucketManifest))?.defaults;
    const settings = { ...defaults, ...(await manifest(oss, `${key}.import.yaml`, isSidecar)) };
    const { body } = await client.importImage(
      new ImportImageRequest({
        regionId: region,
        imageName: settings.imageName ?? `${key.replace(/\W+/g, "-")}-${String(head.res.headers).length}`,
        platform: settings.platform ?? "Others Linux",
        architecture: settings.architecture ?? "x86_64",
        diskDeviceMapping: [{ OSSBucket: IMAGE_BUCKET, OSSObject: key, format: "QCOW2" }],
        clientToken: requestId,
      }),
    );
    console.log(JSON.stringify({ event: "import.submitted", key, taskId: body?.taskId, imageId: body?.imageId }));
  }
};

async function manifest<T>(oss: OSS, name: string, isValid: ValidateFunction<T>): Promise<T | undefined> {
  try {
    const value: unknown = parse(String((await oss.get(name)).content));
    if (!isValid(value)) throw new Error(`${name}: ${ajv.errorsText(isValid.errors)}`);
    return value;
  } catch (error) {
    if ((error as { code?: string }).code === "NoSuchKey") return undefined;
    throw error;
  }
}
