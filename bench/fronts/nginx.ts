import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, startChild } from "../kit/child.ts";
import type { ProxyStart } from "./front.ts";

/**
 * nginx as one tunes it for streams: HTTP/1.1 and kept connections to the worker, answers not buffered, no access log;
 * POSTs tried again, for llama-server closes kept connections without a word. It has no queue: what finds no slot waits
 * inside the worker.
 */
function config({ workers, port, slots, queue, directory }: ProxyStart): string {
  const most = queue === null ? "" : `max_conns=${slots + Math.ceil(queue / workers.length)}`;
  const servers = workers.map(({ host, port }) => `    server ${host}:${port} max_fails=0 ${most};`);
  const user = process.getuid?.() === 0 ? "user root;" : "";
  return `${user}
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000;
  client_max_body_size 32m;
  client_body_buffer_size 1m;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  upstream workers {
    least_conn;
${servers.join("\n")}
    keepalive ${slots * workers.length};
    keepalive_requests 1000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://workers;
      proxy_http_version 1.1;
      proxy_set_header connection "";
      proxy_set_header authorization "Bearer ${workers[0]?.key}";
      proxy_buffering off;
      proxy_next_upstream error timeout invalid_header http_502 http_503 http_504 non_idempotent;
      proxy_read_timeout 10m;
    }
  }
}
`;
}

export async function startNginx(program: string, start: ProxyStart): Promise<Child> {
  const file = join(start.directory, "nginx.conf");
  writeFileSync(file, config(start), { mode: 0o600 });
  return startChild(program, ["-p", start.directory, "-c", file, "-e", "stderr", "-g", "daemon off;"]);
}
