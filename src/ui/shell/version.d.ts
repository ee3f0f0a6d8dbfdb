/** Filled in by the build: the version that this page belongs to. */
declare const ASICD_UI_VERSION: string;
