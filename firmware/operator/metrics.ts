/** The status as Prometheus reads it: GET /metrics, in its text format or as OpenMetrics. */
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from "fastify";
import { Counter, Gauge, Registry, type RegistryContentType } from "prom-client";
import type { Device } from "../../src/api/device.ts";
import type { Status } from "../../src/api/status.ts";
import { metricTable } from "./metric-table.ts";

export type MetricsFormat = "text" | "openmetrics";

export const metricsContentTypes: Readonly<Record<MetricsFormat, string>> = {
  text: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
};

/** A metric of which nothing is known has its HELP and TYPE, and no sample. */
export function metricsText(status: Status, format: MetricsFormat = "text"): Promise<string> {
  const registry = new Registry<RegistryContentType>();
  if (format === "openmetrics") registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const row of metricTable) {
    const { name, help, type, labels: labelNames } = row;
    const options = { name, help, labelNames, registers: [registry] };
    const metric = type === "gauge" ? new Gauge(options) : new Counter(options);
    // Without labels it begins with a sample of 0.
    if (labelNames.length === 0) metric.remove();
    for (const { labels, value } of row.samples(status)) {
      const named = Object.fromEntries(labelNames.map((label, i) => [label, labels[i] ?? ""]));
      if (metric instanceof Gauge) metric.set(named, value);
      else metric.inc(named, value);
    }
  }
  return registry.metrics();
}

/** What the caller would rather have: Prometheus prefers OpenMetrics, a browser and curl get text. */
export function metricsFormat(accept: string | undefined): MetricsFormat {
  let [openmetrics, text] = [0, 0];
  for (const part of (accept ?? "").slice(0, 1_000).toLowerCase().split(",")) {
    const [type = "", ...parameters] = part.split(";").map((word) => word.trim());
    const q = Number(parameters.find((word) => word.startsWith("q="))?.slice(2) ?? 1);
    if (type === "application/openmetrics-text") openmetrics = Math.max(openmetrics, q || 0);
    if (type === "text/plain" || type === "text/*") text = Math.max(text, q || 0);
  }
  return openmetrics > 0 && openmetrics >= text ? "openmetrics" : "text";
}

/** Answers a scrape. A status is put into words once for each format, however many ask. */
export function metricsHandler(
  device: Pick<Device, "status">,
): (request: FastifyRequest, reply: FastifyReply) => Promise<string> {
  const told: Partial<Record<MetricsFormat, { status: Status; text: Promise<string> }>> = {};
  return (request, reply) => {
    const format = metricsFormat(request.headers.accept);
    const status = device.status();
    const before = told[format];
    const text = before?.status === status ? before.text : metricsText(status, format);
    told[format] = { status, text };
    void reply.type(metricsContentTypes[format]).header("cache-control", "no-store");
    void reply.header("vary", "accept");
    return text;
  };
}

/** `options` is where the server says who may read it. */
export function metricsRoute(
  device: Pick<Device, "status">,
  options: RouteShorthandOptions = {},
): (app: FastifyInstance) => void {
  return (app) => void app.get("/metrics", options, metricsHandler(device));
}
