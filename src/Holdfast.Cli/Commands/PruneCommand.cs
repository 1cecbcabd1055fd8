using System.CommandLine;
using System.Globalization;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Cli.Commands;

/// <summary>Gives back the room of what no snapshot needs. See docs/retention.md.</summary>
internal static class PruneCommand
{
    private static readonly Option<bool> PlanOnly = new("--plan") { Description = "Only show what would be removed and written again." };
    private static readonly Option<string?> MaxUnused = new("--max-unused")
    {
        Description = "Leave so much unused in packs that are partly used: a share of what remains, bytes (10G), or 'unlimited'; " +
            "5% by default.",
        HelpName = "x%|SIZE|unlimited",
    };
    private static readonly Option<string?> MaxRepack = new("--max-repack-size")
    {
        Description = "Write again no more packs than have so many bytes (50G).", HelpName = "SIZE",
    };

    public static Command Make(Launcher launcher)
    {
        const string does = "Removes the data that no snapshot needs any more; backups and restores go on meanwhile.";
        return launcher.Start(new Command("prune", does) { PlanOnly, MaxUnused, MaxRepack }, RunAsync);
    }

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var options = new PruneOptions
        {
            PlanOnly = parsed.GetValue(PlanOnly),
            MaxUnused = parsed.GetValue(MaxUnused) is { } unused ? Limit(unused) : UnusedLimit.OfShare(0.05),
            MaxRepack = parsed.GetValue(MaxRepack) is { } repack ? Size(repack, MaxRepack.Name) : long.MaxValue,
        };
        var repository = await session.OpenAsync(cancellation);
        var began = session.Clock.GetTimestamp();
        var counters = options.Counters;
        var report = await LiveStep.RunAsync(
            session.Output, session.Clock, "Prune the repository", () => repository.PruneAsync(options, cancellation),
            () => (counters.BytesRead, 0, counters.PacksDone, counters.PacksTotal));
        var seconds = session.Clock.GetElapsedTime(began).TotalSeconds;
        session.Output.Report(PruneFinishedEvent.Of(report) with { Planned = options.PlanOnly, Seconds = seconds });
        return ExitCode.Success;
    }

    /// <summary>Parses a limit in restic's format: "5%", "10G", "unlimited".</summary>
    private static UnusedLimit Limit(string text)
    {
        if (text == "unlimited") return UnusedLimit.OfShare(1);
        if (!text.EndsWith('%')) return UnusedLimit.OfBytes(Size(text, MaxUnused.Name));
        var isNumber = double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent);
        return isNumber && percent is >= 0 and <= 100 ? UnusedLimit.OfShare(percent / 100) : throw Wrong(text, MaxUnused.Name);
    }

    /// <summary>Bytes: a number, and K, M, G or T for powers of 1024.</summary>
    private static long Size(string text, string option)
    {
        var power = text.Length == 0 ? 0 : "KMGT".IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal) + 1;
        var digits = power > 0 ? text[..^1] : text;
        var isNumber = long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        return isNumber && number <= long.MaxValue >> (10 * power) ? number << (10 * power) : throw Wrong(text, option);
    }

    private static ProblemException Wrong(string text, string option) => Catalogue.Usage.Throwable(
        $"'{text}' is no size for {option}.",
        "Write a number of bytes, as 500M or 10G; --max-unused takes a share as 5% and 'unlimited' too.");
}
