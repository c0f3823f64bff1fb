/** The only door to the vendor's SDKs. Imported dynamically, so that an ignored object loads none of them. */
import { alibabaImages } from "./alibaba-images.ts";
import { alibabaObjects } from "./alibaba-objects.ts";
import type { Cloud, Credentials } from "./ports.ts";

export interface AlibabaCloudOptions {
  readonly region: string;
  readonly credentials: Credentials;
  readonly ossEndpoint?: string;
  readonly ecsEndpoint?: string;
  readonly timeoutInMilliseconds?: number;
}

export function alibabaCloud({ region, credentials, ossEndpoint, ecsEndpoint, ...rest }: AlibabaCloudOptions): Cloud {
  return {
    objects: alibabaObjects({ region, credentials, ...rest, ...(ossEndpoint ? { endpoint: ossEndpoint } : {}) }),
    images: alibabaImages({ region, credentials, ...rest, ...(ecsEndpoint ? { endpoint: ecsEndpoint } : {}) }),
  };
}
