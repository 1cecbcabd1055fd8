using Holdfast.Cli.Text;
using Holdfast.Components.Postgres.ArchiveSetup;

namespace Holdfast.Cli.Output.Events;

/// <summary>The planned changes of a server's settings.</summary>
internal sealed record ArchivingPlanEvent(string Cluster, string File, IReadOnlyList<SettingChange> Changes, IReadOnlyList<string> Pending, bool NeedsRestart, string? Unit) : OutputEvent
{
    public static ArchivingPlanEvent Of(ArchivingPlan plan) => new(plan.Cluster, plan.File, plan.Changes, plan.Pending, plan.NeedsRestart, plan.NeedsRestart ? plan.Unit : null);

    public override IEnumerable<string> Lines(Style style)
    {
        if (Changes.Count == 0) yield return $"Cluster {Printable.Text(Cluster)}: no setting needs to be changed.";
        else yield return style.Bold($"Cluster {Printable.Text(Cluster)}: changes in {Printable.Name(File)}");
        foreach (var change in Changes)
        {
            yield return $"  {change.Name,-16} {Value(change.From)} ({Printable.Text(change.Source)})";
            yield return $"  {"",-13}-> {(change.To is { } to ? Value(to) : "as the other files say")}{(change.NeedsRestart ? style.Yellow("  takes a restart of the server") : "")}";
        }
        if (Pending.Count > 0) yield return style.Yellow($"  {string.Join(", ", Pending)}: changed already; a restart of the server is due");
        if (Unit is not null) yield return style.Yellow($"  {Printable.Text(Unit)} is restarted for that, unless you say --no-restart: every session of the server ends");
    }

    private static string Value(string value) => value.Length == 0 ? "''" : Printable.Text(value);
}
