/**
 * A server's counts as text for Prometheus (text format 0.0.4). The names follow those that OpenTelemetry gives to
 * servers of HTTP: what is counted, its unit, `_total` for what only grows.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Acceptor } from './acceptor.ts';
import { DURATION_BOUNDS } from './counts.ts';
import { serverStats } from './server-stats.ts';

/** Values of a metric: its labels, and its number. */
type Samples = readonly (readonly [labels: string, value: number])[];

/** Measures the delay of this thread's event loop, from the first call of `metrics` on. */
let eventLoopDelay: IntervalHistogram | undefined;

/** Writes the metrics of a server. */
export function metricsText<T>(acceptor: Acceptor<T>): string {
  const stats = serverStats(acceptor);
  const name = 'websocket_server';
  return [
    metric(`${name}_active_connections`, 'gauge', 'Open connections.', [['', stats.connections]]),
    metric(`${name}_pending_connections`, 'gauge', 'Connections that are opening or closing.', [
      ['', stats.pending],
    ]),
    metric(`${name}_up`, 'gauge', '1 while the server takes connections, 0 while it drains.', [
      ['', acceptor.state === 'open' ? 1 : 0],
    ]),
    metric(`${name}_handshakes_total`, 'counter', 'Opening handshakes by outcome and status.', [
      ['{outcome="accepted",status="101"}', stats.accepted],
      ...Object.entries(stats.refused).map(
        ([status, count]) => [`{outcome="refused",status="${status}"}`, count] as const,
      ),
      ['{outcome="failed",status=""}', stats.failed],
    ]),
    metric(
      `${name}_closes_total`,
      'counter',
      'Ended connections by the close code received, else sent.',
      Object.entries(stats.closed).map(([code, count]) => [`{code="${code}"}`, count] as const),
    ),
    durations(`${name}_connection_duration_seconds`, acceptor),
    metric(`${name}_messages_total`, 'counter', 'Messages by direction.', [
      ['{direction="received"}', stats.messagesReceived],
      ['{direction="sent"}', stats.messagesSent],
    ]),
    metric(`${name}_messages_refused_total`, 'counter', 'Messages that could not be sent.', [
      ['', stats.messagesRefused],
    ]),
    metric(`${name}_io_bytes_total`, 'counter', 'Bytes over sockets by direction.', [
      ['{direction="received"}', stats.bytesReceived],
      ['{direction="sent"}', stats.bytesSent],
    ]),
    metric(`${name}_buffered_bytes`, 'gauge', 'Bytes that wait to be sent.', [
      ['', stats.bufferedAmount],
    ]),
    metric(
      `${name}_limits_reached_total`,
      'counter',
      'How often each limit was reached; slow: clients that read too slowly.',
      Object.entries(stats.limited).map(([limit, count]) => [`{limit="${limit}"}`, count] as const),
    ),
    loopDelay(),
  ].join('');
}

function metric(name: string, type: string, help: string, samples: Samples): string {
  const lines = samples.map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function durations<T>(name: string, { counts }: Acceptor<T>): string {
  const samples: (readonly [string, number])[] = [];
  let total = 0;
  for (const [i, count] of counts.durations.entries()) {
    total += count;
    samples.push([`_bucket{le="${DURATION_BOUNDS[i] ?? '+Inf'}"}`, total]);
  }
  samples.push(['_sum', counts.durationSum], ['_count', total]);
  return metric(name, 'histogram', 'How long ended connections lasted.', samples);
}

/** The delay of the event loop since the last call, in seconds. */
function loopDelay(): string {
  eventLoopDelay ??= startMonitor();
  const histogram = eventLoopDelay;
  const seconds = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0;
  const text = [
    metric('nodejs_eventloop_delay_p50_seconds', 'gauge', 'Median delay of the event loop.', [
      ['', seconds(histogram.percentile(50))],
    ]),
    metric('nodejs_eventloop_delay_p99_seconds', 'gauge', '99th percentile of that delay.', [
      ['', seconds(histogram.percentile(99))],
    ]),
    metric('nodejs_eventloop_delay_max_seconds', 'gauge', 'The longest such delay.', [
      ['', histogram.count > 0 ? seconds(histogram.max) : 0],
    ]),
  ].join('');
  histogram.reset();
  return text;
}

function startMonitor(): IntervalHistogram {
  const histogram = monitorEventLoopDelay({ resolution: 10 });
  histogram.enable();
  return histogram;
}
