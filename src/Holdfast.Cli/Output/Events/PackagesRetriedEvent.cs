using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>Packages were tried again. <paramref name="Changed"/> are not among the failed ones any more, <paramref name="Failed"/> still are.</summary>
internal sealed record PackagesRetriedEvent(IReadOnlyList<string> Changed, IReadOnlyList<string> Failed) : OutputEvent
{
    public override IEnumerable<string> Lines(Style style)
    {
        yield return $"{Amounts.Count(Changed.Count, "package")} of {Changed.Count + Failed.Count} {style.Green("not failed any more")}{(Changed.Count == 0 ? "" : $": {Printable.Text(string.Join(", ", Changed.Take(20)))}{(Changed.Count > 20 ? ", ..." : "")}")}";
        if (Failed.Count > 0) yield return $"  {style.Yellow($"{Failed.Count} still failed")}: {Printable.Text(string.Join(", ", Failed.Take(20)))}{(Failed.Count > 20 ? ", ..." : "")}";
    }
}
