/** Suites that need nothing but Node 20. The image, fault and live suites have configurations of their own. */
export default {
  testEnvironment: "node",
  roots: ["<rootDir>/tests/unit", "<rootDir>/tests/contract", "<rootDir>/tests/journeys"],
  testMatch: ["**/*.test.ts"],
  transform: { "\\.ts$": "<rootDir>/scripts/jest-esbuild-transform.cjs" },
  // Two processors are common, and one of them would idle otherwise: the suites mostly wait for servers.
  maxWorkers: "100%",
  // Far more than any needs: other programs may use the machine, too.
  testTimeout: 60_000,
};
