using System.CommandLine;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Cli.Commands;

/// <summary>Looks at recovery points. It needs no profile when the repository is named.</summary>
internal static class PointsCommand
{
    private static readonly Option<bool> All = new("--all") { Description = "List snapshots of other programs too." };
    private static readonly Argument<string> Point = Arguments.Point("point", "Its id, the beginning of it, or 'latest'.");
    private static readonly Argument<string> Second = Arguments.Point("second", "The other recovery point.");
    private static readonly Argument<string> LatestPoint = Arguments.Point("point", "Its id, the beginning of it, or 'latest'.");
    private static readonly Option<string?> OutputFile = new("--output", "-o") { Description = "Write to this file, which must be empty or not exist yet.", HelpName = "FILE" };
    private static readonly Argument<string> Below = new("path") { Description = "Only what is below this path.", DefaultValueFactory = _ => "/" };

    static PointsCommand() => LatestPoint.DefaultValueFactory = _ => "latest";

    public static Command Make(Launcher launcher) => new("points", "Looks at recovery points, and removes them.")
    {
        launcher.Start(new Command("list", "Lists recovery points, oldest first.") { All }, ListAsync),
        launcher.Start(new Command("show", "Shows all that a recovery point says of itself.") { Point }, ShowAsync),
        launcher.Start(new Command("profile", "Prints the profile that a recovery point was made with, or writes it to a file: 'holdfast points profile --output /etc/holdfast/profile.yaml'.") { LatestPoint, OutputFile }, ShowProfileAsync),
        launcher.Start(new Command("files", "Lists the files of a recovery point.") { Point, Below }, ListFilesAsync),
        launcher.Start(new Command("diff", "Lists what differs between two recovery points.") { Point, Second }, CompareAsync),
        ForgetCommand.Make(launcher),
    };

    private static async Task<ExitCode> ListAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var snapshots = await (await PointsAsync(session, cancellation)).ListSnapshotsAsync(cancellation);
        var points = snapshots.Where(snapshot => parsed.GetValue(All) || PointTags.IsPoint(snapshot)).Select(PointEvent.Of).ToList();
        session.Output.Report(PointEvent.Table(points), points);
        if (points.Count == 0) session.Output.Report(new MessageEvent("There is no recovery point yet: take one with 'holdfast backup'."));
        await CopyCommand.TellStatesAsync(session, snapshots, cancellation);
        return ExitCode.Success;
    }

    private static async Task<ExitCode> ShowAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var points = await PointsAsync(session, cancellation);
        var point = await points.FindAsync(parsed.GetRequiredValue(Point), session.ProfileIfAny?.Platform, [], cancellation);
        var manifest = await points.ReadManifestAsync(point, cancellation);
        session.Output.Report(PointDetailsEvent.Of(point, manifest, PartsOf(session, manifest)));
        return ExitCode.Success;
    }

    /// <summary>By component the names that <c>restore --only</c> takes. What is wrong with one component is a warning: the rest is shown.</summary>
    private static SortedDictionary<string, IReadOnlyList<string>> PartsOf(Session session, Manifest manifest)
    {
        var parts = new SortedDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var component in manifest.Components)
        {
            try
            {
                if (ComponentList.PartsOf(component) is { Count: > 0 } names) parts[component.Name] = [.. names.Order(StringComparer.Ordinal)];
            }
            catch (ProblemException odd)
            {
                session.Warn(odd.Problem);
            }
        }
        return parts;
    }

    private static async Task<ExitCode> ShowProfileAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var points = await PointsAsync(session, cancellation);
        var point = await points.FindAsync(parsed.GetRequiredValue(LatestPoint), session.ProfileIfAny?.Platform, [], cancellation);
        var text = await points.ReadProfileTextAsync(point, cancellation);
        if (parsed.GetValue(OutputFile) is not { } file) session.Output.Report(new DocumentEvent("profile.yaml", text));
        else session.Output.Report(new MessageEvent($"Wrote the profile of recovery point {point.Id.ToShortString()} to {Write(Path.GetFullPath(file), text)} (mode 0600). Look at it before you use it: it names commands and servers."));
        return ExitCode.Success;
    }

    /// <summary>A file that holds something is not replaced.</summary>
    private static string Write(string file, string text)
    {
        try
        {
            const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            var (name, content) = (Path.GetFileName(file), System.Text.Encoding.UTF8.GetBytes(text));
            using var folder = OutputFolder.Open(Path.GetDirectoryName(file) ?? "/");
            if (folder.HasEmptyFile(name)) folder.Replace(name, content, mode);
            else folder.Create(name, content, mode);
            return file;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Path.Exists(file)
                ? Catalogue.ProfileExists.Throwable($"'{file}' exists already, so the profile was not written.", "Name with --output another file, one that is empty or does not exist yet.", refused)
                : Catalogue.ProfileUnwritable.Throwable($"The profile cannot be written to '{file}': {refused.Message.TrimEnd('.')}.", refused);
        }
    }

    private static async Task<ExitCode> ListFilesAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellation, session.Output.Gone);
        var (repository, snapshot) = await FindAsync(session, parsed.GetRequiredValue(Point), reading.Token);
        var below = parsed.GetRequiredValue(Below);
        if (await repository.FindNodeAsync(snapshot, below, reading.Token) is null)
            throw Catalogue.PointMissing.Throwable($"Recovery point {snapshot.Id.ToShortString()} has nothing at {below}.", "See what it has with 'holdfast points files'; files lie below /files.");
        await foreach (var (path, node) in repository.WalkAsync(snapshot, below, reading.Token)) session.Output.Report(NodeText.Entry(path, node));
        return ExitCode.Success;
    }

    private static async Task<ExitCode> CompareAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellation, session.Output.Gone);
        var (repository, before) = await FindAsync(session, parsed.GetRequiredValue(Point), reading.Token);
        var (_, after) = await FindAsync(session, parsed.GetRequiredValue(Second), reading.Token);
        await foreach (var difference in new PointComparison(repository).CompareAsync(before.Tree, after.Tree, reading.Token)) session.Output.Report(difference);
        return ExitCode.Success;
    }

    private static async Task<RecoveryPoints> PointsAsync(Session session, CancellationToken cancellation) => new(await session.OpenAsync(cancellation), session.Warn);

    /// <summary>"latest" is the platform's; any other name may be that of a snapshot of another program.</summary>
    private static async Task<(Repository Repository, Snapshot Snapshot)> FindAsync(Session session, string point, CancellationToken cancellation)
    {
        var repository = await session.OpenAsync(cancellation);
        var snapshot = point == "latest"
            ? await (await PointsAsync(session, cancellation)).FindAsync(point, session.ProfileIfAny?.Platform, [], cancellation)
            : await repository.FindSnapshotAsync(point, cancellation);
        return (repository, snapshot);
    }
}
