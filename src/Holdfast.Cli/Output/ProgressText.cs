using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output;

/// <summary>The figures of a running step on one line: bytes, share, rate, time left; each only when it is known.</summary>
internal static class ProgressText
{
    public static string Of(StepProgressEvent progress) => string.Join("  ", Parts(progress));

    private static IEnumerable<string> Parts(StepProgressEvent progress)
    {
        if (progress.BytesTotal is > 0)
        {
            yield return $"{100 * Math.Min(progress.BytesDone, progress.BytesTotal.Value) / progress.BytesTotal.Value,3} %";
            yield return $"{Amounts.Bytes(progress.BytesDone)} of {Amounts.Bytes(progress.BytesTotal.Value)}";
        }
        else if (progress.BytesDone > 0) yield return Amounts.Bytes(progress.BytesDone);
        if (progress.ItemsTotal is > 0) yield return $"{progress.ItemsDone:N0} of {progress.ItemsTotal:N0} items";
        else if (progress.ItemsDone > 0) yield return Amounts.Count(progress.ItemsDone, "item");
        if (progress.BytesPerSecond is > 0) yield return Amounts.Rate(progress.BytesPerSecond.Value);
        if (progress.SecondsLeft is { } left) yield return Amounts.Duration(TimeSpan.FromSeconds(left)) + " left";
    }
}
