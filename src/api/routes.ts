/** All operations of the API, in the order of its document. */
import type { Route } from "./route.ts";
import { actionRoutes } from "./routes/action-routes.ts";
import { configRoutes } from "./routes/config-routes.ts";
import { historyRoutes } from "./routes/history-routes.ts";
import { keyRoutes } from "./routes/key-routes.ts";
import { machineRoutes } from "./routes/machine-routes.ts";
import { serviceRoutes } from "./routes/service-routes.ts";
import { updateRoutes } from "./routes/update-routes.ts";

export const API_PREFIX = "/api/v1";

export const routes: readonly Route[] = [
  ...machineRoutes,
  ...historyRoutes,
  ...configRoutes,
  ...actionRoutes,
  ...keyRoutes,
  ...updateRoutes,
  ...serviceRoutes,
];

/** Whether it changes anything: what only asks is a GET. */
export function writes({ method }: Pick<Route, "method">): boolean {
  return method !== "GET";
}
