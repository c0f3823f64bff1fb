import base from "./jest.config.mjs";

/** The contract suite against the real cloud; says clearly when it did not run for want of credentials. */
export default { ...base, roots: ["<rootDir>/tests/live"], testTimeout: 600_000 };
