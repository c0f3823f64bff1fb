import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PolicyDocument } from "../wire/identities.ts";

const isPolicy = (value: unknown): value is PolicyDocument =>
  typeof value === "object" && value !== null && "Statement" in value && Array.isArray(value.Statement);

/**
 * A policy document whose `${name}` are filled in.
 * @throws Error for a name without a value, and for what is no policy
 */
export const readPolicy = (text: string, values: Readonly<Record<string, string>>): PolicyDocument => {
  const filled = text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new Error(`the policy needs a value for ${name}`);
    return value;
  });
  const policy: unknown = JSON.parse(filled);
  if (!isPolicy(policy)) throw new Error("the policy has no Statement");
  return policy;
};

/**
 * The policies of roles that are files `<role name>-policy.json` of a folder, for `FcHostOptions.rolePolicies`.
 * @param values what stands for the `${name}` in the files; `readVars` of s-yaml.ts gives them
 * @throws Error, when asked, for a role without a file: it would otherwise be allowed everything
 */
export const policiesInFolder =
  (folder: string, values: Readonly<Record<string, string>>) =>
  (roleName: string): readonly PolicyDocument[] => {
    const file = join(folder, `${roleName}-policy.json`);
    if (!existsSync(file)) throw new Error(`the role ${roleName} has no policy ${file}`);
    return [readPolicy(readFileSync(file, "utf8"), values)];
  };
