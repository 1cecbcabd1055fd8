using System.CommandLine;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;

namespace Holdfast.Cli.Commands;

/// <summary>The options of a restore that say how far databases are brought, and where their parts go.</summary>
internal static class RecoveryOptions
{
    private static readonly Option<string?> To = new("--to") { Description = "Bring PostgreSQL to this time, as in \"2026-11-22 14:03:07+01\".", HelpName = "TIME" };
    private static readonly Option<string?> ToLsn = new("--to-lsn") { Description = "Bring PostgreSQL to this address in its WAL.", HelpName = "LSN" };
    private static readonly Option<string?> ToXid = new("--to-xid") { Description = "Bring PostgreSQL to the end of this transaction.", HelpName = "XID" };
    private static readonly Option<string?> ToName = new("--to-name") { Description = "Bring PostgreSQL to this restore point.", HelpName = "NAME" };
    private static readonly Option<bool> ToImmediate = new("--to-immediate") { Description = "Bring PostgreSQL no further than to the end of the copy." };
    private static readonly Option<bool> ToLatest = new("--to-latest") { Description = "Bring PostgreSQL to the end of all WAL." };
    private static readonly Option<string?> ToTimeline = new("--to-timeline") { Description = "Follow this timeline of PostgreSQL: a number, 'current' or 'latest'.", HelpName = "TIMELINE" };
    private static readonly Option<bool> Pause = new("--pause") { Description = "Leave PostgreSQL read-only when it is there, so that you can look before it goes on." };
    private static readonly Option<bool> NoStart = new("--no-start") { Description = "Do not start the restored PostgreSQL server." };
    private static readonly Option<bool> Delta = new("--delta") { Description = "Keep the files of PostgreSQL that agree, and replace the others where they stand." };
    private static readonly Option<bool> KeepGoing = new("--keep-going") { Description = "Keep a PostgreSQL database though parts of its dump are refused, list them, and exit with 3." };
    private static readonly Option<bool> IgnoreSpace = new("--ignore-space") { Description = "Do not check beforehand whether there is room for files and WAL." };
    private static readonly Option<string[]> Tablespace = new("--tablespace") { Description = "Put a tablespace of PostgreSQL elsewhere.", HelpName = "OID=PATH", DefaultValueFactory = _ => [] };

    /// <summary>Adds the options to a command.</summary>
    public static Command With(Command command)
    {
        foreach (Option option in new Option[] { To, ToLsn, ToXid, ToName, ToImmediate, ToLatest, ToTimeline, Pause, NoStart, Delta, KeepGoing, IgnoreSpace, Tablespace }) command.Options.Add(option);
        return command;
    }

    /// <exception cref="ProblemException">Several recovery targets are given, or an invalid tablespace
    /// mapping.</exception>
    public static RecoveryRequest Read(ParseResult parsed)
    {
        var (limit, to) = Limit(parsed);
        return new RecoveryRequest
        {
            Limit = limit, To = to, Timeline = parsed.GetValue(ToTimeline), Pause = parsed.GetValue(Pause), NoStart = parsed.GetValue(NoStart), Delta = parsed.GetValue(Delta), KeepGoing = parsed.GetValue(KeepGoing), IgnoreSpace = parsed.GetValue(IgnoreSpace),
            Places = Places(parsed.GetRequiredValue(Tablespace)),
        };
    }

    private static (RecoveryLimit Limit, string? To) Limit(ParseResult parsed)
    {
        (RecoveryLimit Limit, string? To)[] given =
        [
            (RecoveryLimit.Time, parsed.GetValue(To)), (RecoveryLimit.Address, parsed.GetValue(ToLsn)), (RecoveryLimit.Transaction, parsed.GetValue(ToXid)),
            (RecoveryLimit.Name, parsed.GetValue(ToName)), (RecoveryLimit.Immediate, parsed.GetValue(ToImmediate) ? "" : null), (RecoveryLimit.Latest, parsed.GetValue(ToLatest) ? "" : null),
        ];
        var wanted = given.Where(wish => wish.To is not null).ToList();
        return wanted.Count switch
        {
            0 => (RecoveryLimit.Mark, null),
            1 => wanted[0],
            _ => throw Catalogue.PostgresTarget.Throwable("Several targets are given.", "Give one of --to, --to-lsn, --to-xid, --to-name, --to-immediate and --to-latest."),
        };
    }

    private static Dictionary<string, string> Places(string[] words)
    {
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var word in words)
            if (word.Split('=', 2) is not [var oid, var path] || !places.TryAdd(oid, path))
                throw Catalogue.PostgresTarget.Throwable($"'{word}' is no place of a tablespace, or one that was given before.", "Write it as --tablespace OID=/PATH.");
        return places;
    }
}
