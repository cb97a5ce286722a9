/** Owns: the part MariaDB: a server with one account that may do everything, and an empty database. */
import { createConnection } from "node:net";
import { join } from "node:path";
import { debianProgram } from "./debian-program.ts";
import type { Part } from "./part.ts";

type MysqlServer = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
};

const PACKAGES =
  "mariadb-server-core mariadb-client-core mariadb-common libaio1 libnuma1 libpcre2-8-0 libssl3 libsystemd0 liburing2 libmariadb3 libedit2 libncurses6 libtinfo6 libcrypt1 zlib1g";

export const mariadbPart: Part<MysqlServer> = {
  name: "mariadb",
  address: {
    variable: "STREAMJOB_TEST_MYSQL",
    parse: (text) => {
      const url = new URL(text);
      return {
        host: url.hostname,
        port: Number(url.port === "" ? "3306" : url.port),
        user: decodeURIComponent(url.username),
        password: decodeURIComponent(url.password),
        database: url.pathname.slice(1),
      };
    },
  },
  binary: debianProgram({
    command: "mariadb-server",
    version: "debian-1",
    packages: PACKAGES.split(" "),
    // $1: folder of the data; it is made when the server is started for the first time. The rest: for the server.
    script: [
      'data="$1"; shift',
      'options="--no-defaults --basedir=$usr --datadir=$data --lc-messages-dir=$usr/share/mysql --plugin-dir=$usr/lib/mysql/plugin --user=$(id -un)"',
      'if [ ! -d "$data" ]; then',
      '  mkdir -p "$data/mysql" "$data/streamjob"',
      "  {",
      '    echo "use mysql;"',
      '    cat "$usr/share/mysql/mysql_system_tables.sql" "$usr/share/mysql/mysql_performance_tables.sql" "$usr/share/mysql/mysql_system_tables_data.sql"',
      '    echo "flush privileges;"',
      "    echo \"create user streamjob@'%' identified by 'streamjob';\"",
      "    echo \"grant all on *.* to streamjob@'%' with grant option;\"",
      '  } | sed "/@current_hostname/d" | "$usr/sbin/mariadbd" $options --bootstrap --skip-networking --log-warnings=0 --innodb-log-file-size=64M',
      "fi",
      'exec "$usr/sbin/mariadbd" $options --innodb-log-file-size=64M "$@"',
    ],
  }),
  launch: async (place) => {
    const port = await place.freePort();
    const settings = ["--bind-address=127.0.0.1", `--port=${port}`, `--socket=${join(place.folder, "socket")}`];
    const gives = { host: "127.0.0.1", port, user: "streamjob", password: "streamjob", database: "streamjob" };
    return { args: [join(place.folder, "data"), ...settings, "--skip-name-resolve", "--max-connections=200"], gives };
  },
  summary: ({ host, port, user, password, database }) => `mysql://${user}:${password}@${host}:${port}/${database}`,
  check: ({ host, port }) =>
    // The server speaks first: its greeting names its version.
    new Promise((resolve, reject) => {
      const socket = createConnection({ host, port });
      socket.setTimeout(5000, () => socket.destroy(new Error(`${host}:${port} does not greet`)));
      socket.once("data", () => {
        socket.destroy();
        resolve();
      });
      socket.once("error", reject);
    }),
};
