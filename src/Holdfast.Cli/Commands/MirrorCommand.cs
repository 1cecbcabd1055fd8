using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Copying;

namespace Holdfast.Cli.Commands;

/// <summary>Copies the files of the repository as they are. See docs/copies.md.</summary>
internal static class MirrorCommand
{
    private static readonly Option<string> To = new("--to")
    {
        Description = "Where the mirror is; it is made when nothing is there.", HelpName = "PATH", Required = true,
    };
    private static readonly Option<bool> Delete = new("--delete")
    {
        Description = "Remove from the mirror what the repository has no more.",
    };
    private static readonly Option<bool> PlanOnly = new("--plan") { Description = "Only show what would be copied." };

    public static Command Make(Launcher launcher)
    {
        const string does = "Copies the files of the repository as they are, with its keys, to another place.";
        return launcher.Start(new Command("mirror", does) { To, Delete, PlanOnly }, RunAsync);
    }

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var source = session.SourceOf(parsed.GetRequiredValue(To), "");
        var (place, backend) = (source.Path, await source.ReadBackendAsync(cancellation));
        var options = new MirrorOptions { Delete = parsed.GetValue(Delete), PlanOnly = parsed.GetValue(PlanOnly) };
        var password = await session.Source.ReadPasswordAsync(cancellation);
        var repository = await session.OpenAsync(cancellation);
        await using var held = await repository.LockToReadAsync(cancellation: cancellation);
        var (began, counters) = (session.Clock.GetTimestamp(), options.Counters);
        var report = await LiveStep.RunAsync(
            session.Output, session.Clock, $"Mirror to {place}",
            () => held is null ? MirrorAsync(cancellation) : held.KeepForAsync(MirrorAsync, cancellation),
            () => (counters.BytesDone, counters.BytesTotal, counters.FilesDone, counters.FilesTotal));
        foreach (var file in report.Damaged)
            session.Warn(Catalogue.CopyDamaged.With($"The file '{file}' is damaged, so it was not mirrored."));
        var seconds = session.Clock.GetElapsedTime(began).TotalSeconds;
        var finished = MirrorFinishedEvent.Of(place, report);
        session.Output.Report(finished with { Planned = options.PlanOnly, Seconds = seconds });
        return report.Damaged.Count > 0 ? ExitCode.Incomplete : ExitCode.Success;

        Task<MirrorReport> MirrorAsync(CancellationToken token) =>
            repository.MirrorToAsync(backend, password, options, token);
    }
}
