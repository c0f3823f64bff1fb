import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type FunctionDefinition, readFunctions } from "../../local/fc/s-yaml.ts";
import { isCloudError } from "../../shared/cloud/cloud-error.ts";
import type { DeployedAsyncInvocation, DeployedFunction, DeployedTrigger } from "../../shared/cloud/ports.ts";
import { packageRoot } from "../package-root.ts";
import type { Environment, Operator } from "./operator.ts";

/** One function: as s.yaml says it, and as it was found. */
export interface FunctionFound {
  readonly expected: FunctionDefinition;
  /** Undefined when there is no such function. */
  readonly deployed: DeployedFunction | undefined;
  readonly triggers: readonly DeployedTrigger[];
  /** Asked about only where uploads are sent to. */
  readonly asyncInvocation: DeployedAsyncInvocation;
}

/**
 * The functions that s.yaml would deploy with this environment, for the buckets that the operator asks about.
 * Throws SYamlError or Node's error when s.yaml cannot be read.
 */
export function definedFunctions(
  { bucket, stateBucket, connection }: Operator,
  environment: Environment,
): readonly FunctionDefinition[] {
  const root = packageRoot();
  const set = Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const variables = {
    IMPORT_REGION: connection.region,
    IMPORT_ACCOUNT_ID: "0",
    IMPORT_BUCKET: bucket,
    IMPORT_STATE_BUCKET: stateBucket,
    ...set,
  };
  return readFunctions(readFileSync(join(root, "s.yaml"), "utf8"), root, variables);
}

/** Asks Function Compute for these functions; undefined when nobody says where it is. Rejects with a CloudError. */
export async function findFunctions(
  operator: Operator,
  expected: readonly FunctionDefinition[],
): Promise<readonly FunctionFound[] | undefined> {
  const service = await operator.functions();
  if (!service) return undefined;
  return Promise.all(
    expected.map(async (definition) => {
      const deployed = await service.describeFunction(definition.name);
      const triggers = deployed ? await service.listTriggers(definition.name) : [];
      const takesUploads = deployed && definition.ossTriggers.length > 0;
      const asyncInvocation = takesUploads ? await service.describeAsyncInvocation(definition.name) : {};
      return { expected: definition, deployed, triggers, asyncInvocation };
    }),
  );
}

/** The function that uploads are sent to. */
export const importerOf = <F extends Pick<FunctionDefinition, "ossTriggers">>(functions: readonly F[]): F | undefined =>
  functions.find(({ ossTriggers }) => ossTriggers.length > 0);

/**
 * What keys must begin with for the functions to look at them: as it is said on the command line or in a variable, else
 * as it was deployed. Undefined when neither is known.
 */
export async function imagePrefixOf(operator: Operator, environment: Environment): Promise<string | undefined> {
  const { imagePrefix } = operator.connection;
  if (imagePrefix !== undefined) return imagePrefix;
  try {
    const importer = importerOf(definedFunctions(operator, environment));
    const service = importer && (await operator.functions());
    const deployed = importer && (await service?.describeFunction(importer.name));
    return deployed?.environment.get("IMAGE_PREFIX");
  } catch (error) {
    // It is worth a remark, not a failure.
    if (isCloudError(error) || isUnreadable(error)) return undefined;
    throw error;
  }
}

const isUnreadable = (error: unknown): boolean =>
  error instanceof Error && (error.name === "SYamlError" || "code" in error);
