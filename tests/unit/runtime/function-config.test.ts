import { ConfigInvalid, readFunctionConfig } from "../../../shared/runtime/function-config.ts";

const good = { IMAGE_BUCKET: "images-prod", STATE_BUCKET: "images-prod-state" };

const problemsOf = (environment: Record<string, string | undefined>): string => {
  try {
    readFunctionConfig(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigInvalid);
    return (error as Error).message;
  }
  return "";
};

describe("the configuration of a function", () => {
  it("needs two buckets only", () => {
    expect(readFunctionConfig(good)).toEqual({
      imageBucket: "images-prod",
      stateBucket: "images-prod-state",
      imagePrefix: "",
      ossEndpoint: "",
      ecsEndpoint: "",
      logLevel: "info",
    });
  });

  it("takes everything else from the environment too, and forgives space around it", () => {
    const environment = {
      IMAGE_BUCKET: " images-prod ",
      STATE_BUCKET: "images-prod-state\n",
      IMAGE_PREFIX: "in/my images/",
      OSS_ENDPOINT: "https://oss-cn-hangzhou-internal.aliyuncs.com",
      ECS_ENDPOINT: "http://127.0.0.1:8123",
      LOG_LEVEL: "DEBUG",
    };
    expect(readFunctionConfig(environment)).toEqual({
      imageBucket: "images-prod",
      stateBucket: "images-prod-state",
      imagePrefix: "in/my images/",
      ossEndpoint: "https://oss-cn-hangzhou-internal.aliyuncs.com",
      ecsEndpoint: "http://127.0.0.1:8123",
      logLevel: "debug",
    });
  });

  it.each<[string, Record<string, string | undefined>, string]>([
    ["no image bucket", { IMAGE_BUCKET: undefined }, "IMAGE_BUCKET must be a bucket name, but is not set"],
    ["an empty image bucket", { IMAGE_BUCKET: " " }, "IMAGE_BUCKET must be a bucket name, but is not set"],
    [
      "an image bucket in upper case",
      { IMAGE_BUCKET: "Images" },
      'IMAGE_BUCKET must be a bucket name, but is "Images"',
    ],
    ["an image bucket with a path", { IMAGE_BUCKET: "images/in" }, "IMAGE_BUCKET must be"],
    ["an image bucket of 64 characters", { IMAGE_BUCKET: "b".repeat(64) }, "IMAGE_BUCKET must be"],
    ["no state bucket", { STATE_BUCKET: "" }, "STATE_BUCKET must be a bucket name"],
    ["one bucket for both", { STATE_BUCKET: "images-prod" }, "STATE_BUCKET must be another bucket than IMAGE_BUCKET"],
    ["an endpoint without a scheme", { OSS_ENDPOINT: "oss.aliyuncs.com" }, "OSS_ENDPOINT must be empty or begin with"],
    ["an endpoint with a path", { ECS_ENDPOINT: "https://ecs.aliyuncs.com/x" }, "ECS_ENDPOINT must be empty"],
    ["an unknown log level", { LOG_LEVEL: "loud" }, "LOG_LEVEL must be one of debug, info, warn, error"],
  ])("refuses %s", (_, change, problem) => {
    expect(problemsOf({ ...good, ...change })).toContain(problem);
  });

  it("names all problems at once, and where they are corrected", () => {
    const message = problemsOf({ OSS_ENDPOINT: "x", ECS_ENDPOINT: "y", LOG_LEVEL: "z" });
    for (const name of ["IMAGE_BUCKET", "STATE_BUCKET", "OSS_ENDPOINT", "ECS_ENDPOINT", "LOG_LEVEL"])
      expect(message).toContain(name);
    expect(message).toContain("environmentVariables in s.yaml");
  });

  it("never repeats what else is in the environment, such as credentials", () => {
    const secrets = {
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: "the-secret",
      ALIBABA_CLOUD_SECURITY_TOKEN: "the-token",
      PASSWORD: "the-password",
    };
    expect(problemsOf({ ...secrets, LOG_LEVEL: "loud" })).not.toMatch(/the-(secret|token|password)/);
    expect(JSON.stringify(readFunctionConfig({ ...good, ...secrets }))).not.toMatch(/the-(secret|token|password)/);
  });

  it("does not repeat credentials that stand in an endpoint by mistake", () => {
    expect(problemsOf({ ...good, OSS_ENDPOINT: "https://LTAI5t:the-secret@oss.aliyuncs.com" })).not.toContain(
      "the-secret",
    );
  });
});
