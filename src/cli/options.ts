import { Option, type Command } from 'commander';

/** What every command against a master takes. `json`: what --json makes of its answer. */
export const againstMaster = (command: Command, json = 'JSON, for programs'): Command =>
  command
    .addOption(new Option('--server <url>', 'the master (CRONSTREAM_SERVER, http://127.0.0.1:8070)'))
    .addOption(
      new Option(
        '--token <token>',
        'who you are (CRONSTREAM_TOKEN, or ~/.config/cronstream/token: others can see a command line)',
      ),
    )
    .option('--json', json);
