import type { TimedLine } from './scan.ts';

/** `user`: as `crontab -l` prints it. `system`: as /etc/crontab and /etc/cron.d/*, with the user before the command. */
export type CrontabFormat = 'user' | 'system';

const USER = /^([\p{L}_][\p{L}\p{N}_.@-]{0,63}\$?)(?::[\w.-]+)?(?:\/[\w.-]+)?$/u;

/** Accounts that systems and their packages make, and that no command has for a name (so not git, docker, nginx or backup). */
const ACCOUNTS: ReadonlySet<string> = new Set(
  (
    'root daemon bin sys adm lp uucp proxy www-data www gnats irc nobody _apt operator sshd postgres mysql mariadb mongodb redis rabbitmq ' +
    'elasticsearch opensearch memcache couchdb cassandra apache apache2 httpd caddy tomcat jenkins gitlab gitlab-runner gitea icinga zabbix munin ' +
    'prometheus grafana logcheck smmsp smmta debian-exim Debian-exim mailman amavis clamav debian-spamd opendkim unbound ntp messagebus ' +
    'systemd-timesync avahi ubuntu debian centos fedora ec2-user pi nextcloud owncloud debian-transmission bacula asterisk freeswitch zookeeper hadoop'
  ).split(' '),
);

/** Words that begin a command, and that nobody gives an account. */
const PROGRAMS: ReadonlySet<string> = new Set(
  (
    'sh bash dash zsh ksh csh env exec command test if for while case cd echo printf true false export source nice ionice nohup timeout flock chronic ' +
    'time sudo su runuser sleep date touch cat cp mv rm mkdir ln find xargs grep sed awk sort tar gzip zip rsync scp ssh curl wget mail mailx sendmail ' +
    'logger python python2 python3 perl php ruby node npm npx java go make run-parts systemctl service mysqldump psql pg_dump pg_dumpall vacuumdb ' +
    'mongodump redis-cli sqlite3 certbot ntpdate hwclock logrotate fstrim updatedb apt apt-get dnf yum docker podman kubectl helm aws gcloud ' +
    'az gsutil rclone borgmatic duplicity drush wp composer artisan bundle rake wall reboot shutdown git svn nginx restic borg'
  ).split(' '),
);

export type Detected = {
  readonly format: CrontabFormat;
  /** Why it could be the other form; who imports is told. */
  readonly doubt?: string;
};

/** The user that stands before the command in system form; undefined where the first word cannot be one, or nothing follows it. */
export const takeUser = (rest: string): { readonly user: string; readonly command: string } | undefined => {
  const parts = /^([^ \t]+)[ \t]+(?=\S)/.exec(rest);
  const user = parts && USER.exec(parts[1] ?? '')?.[1];
  return parts && user ? { user, command: rest.slice(parts[0].length) } : undefined;
};

/** Which of the two forms a crontab has: the one of which more lines are sure, user form where none is. */
export const detectFormat = (lines: readonly TimedLine[]): Detected => {
  let [system, user] = [0, 0];
  let doubted: string | undefined;
  for (const { rest } of lines) {
    const taken = takeUser(rest);
    if (!taken || PROGRAMS.has(taken.user)) user += 1;
    else if (ACCOUNTS.has(taken.user)) system += 1;
    else if (/^[/[~.$(]/.test(taken.command)) doubted ??= taken.user;
  }
  if (system > user) return { format: 'system' };
  return doubted === undefined || user > 0
    ? { format: 'user' }
    : {
        format: 'user',
        doubt: `"${doubted}" is taken for a program; if it is a user, say that the file has the system form (format=system)`,
      };
};
