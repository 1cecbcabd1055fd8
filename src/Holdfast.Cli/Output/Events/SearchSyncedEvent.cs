using Holdfast.Cli.Text;
using Holdfast.Components.Search.Syncing;

namespace Holdfast.Cli.Output.Events;

/// <summary>An index was compared with its database: how many documents each has, what differed, and what was done about it.</summary>
internal sealed record SearchSyncedEvent(string Alias, string Index, bool DryRun, long InSource, long InIndex, long Missing, long Outdated, long Surplus) : OutputEvent
{
    public long Written { get; init; }
    public long Deleted { get; init; }

    /// <summary>Documents that another client has changed meanwhile: its version is newer.</summary>
    public long LeftAlone { get; init; }

    /// <summary>Documents of the database that the index lacks all the same: the engine refuses them.</summary>
    public long Lacking { get; init; }

    public static SearchSyncedEvent Of(SyncResult result, bool isDry) =>
        new(result.Alias, result.Index, isDry, result.InSource, result.InIndex, result.Missing, result.Outdated, result.Surplus) { Written = result.Written, Deleted = result.Deleted, LeftAlone = result.LeftAlone, Lacking = result.Lacking };

    public override IEnumerable<string> Lines(Style style)
    {
        var name = $"{Printable.Name(Alias)} ({Printable.Name(Index)})";
        if (Missing + Outdated + Surplus == 0) return [$"{name}: {style.Green("as in the database")}, {InSource:N0} documents"];
        var differs = $"{name}: {Missing:N0} missing, {Outdated:N0} of another version, {Surplus:N0} that the database does not have, of {InSource:N0}";
        if (DryRun) return [differs];
        return [differs, $"  {style.Green($"{Written:N0} written, {Deleted:N0} deleted")}{(LeftAlone > 0 ? $"; {LeftAlone:N0} changed meanwhile and were left alone" : "")}{(Lacking > 0 ? $"; {Lacking:N0} are lacking" : "")}"];
    }
}
