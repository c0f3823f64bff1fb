/** The only door to the vendor's SDKs. Imported dynamically, so that an ignored object loads none of them. */
import { alibabaObjects } from "./alibaba-objects.ts";
import type { Cloud, Credentials, ImageService } from "./ports.ts";
import { withoutSecrets } from "./without-secrets.ts";

export interface AlibabaCloudOptions {
  readonly region: string;
  readonly credentials: Credentials;
  readonly ossEndpoint?: string;
  readonly ecsEndpoint?: string;
  readonly timeoutInMilliseconds?: number;
}

export function alibabaCloud({ region, credentials, ossEndpoint, ecsEndpoint, ...rest }: AlibabaCloudOptions): Cloud {
  return {
    objects: withoutSecrets(
      alibabaObjects({ region, credentials, ...rest, ...(ossEndpoint ? { endpoint: ossEndpoint } : {}) }),
      credentials,
    ),
    images: lateImages(async () => {
      const { alibabaImages } = await import("./alibaba-images.ts");
      const images = alibabaImages({ region, credentials, ...rest, ...(ecsEndpoint ? { endpoint: ecsEndpoint } : {}) });
      return withoutSecrets(images, credentials);
    }),
  };
}

/** Loads the ECS client with its first call: much is decided about an object without asking ECS. */
function lateImages(load: () => Promise<ImageService>): ImageService {
  let loaded: Promise<ImageService> | undefined;
  const images = (): Promise<ImageService> => {
    loaded ??= load();
    return loaded;
  };
  return {
    importImage: async (request) => (await images()).importImage(request),
    describeTasks: async (query) => (await images()).describeTasks(query),
    describeTask: async (taskId) => (await images()).describeTask(taskId),
    describeImages: async (query) => (await images()).describeImages(query),
    cancelTask: async (taskId) => (await images()).cancelTask(taskId),
  };
}
