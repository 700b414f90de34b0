export * from "./canonical.js";
export * from "./json.js";
export * from "./merge.js";
export * from "./patch.js";
export * from "./touched.js";
export * from "./copies.js";
export * from "./memory_store.js";
export * from "./sealing.js";
