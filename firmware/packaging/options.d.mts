import type { BuildOptions } from "esbuild";

export function esbuildOptions(version: string): BuildOptions;
