using System.Collections.Concurrent;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>Writes the files of a cluster into a recovery point: its data directory and its tablespaces.</summary>
/// <param name="cluster">The name of the cluster.</param>
/// <param name="facts">The location of its files.</param>
/// <param name="session">The capture that writes the recovery point.</param>
/// <param name="clock">The clock for pauses.</param>
internal sealed class ClusterFiles(string cluster, ClusterFacts facts, CaptureSession session, TimeProvider clock)
{
    private readonly ArchiveCounters _counters = new();
    private readonly ConcurrentQueue<ArchiveWarning> _unread = new();
    private readonly ConcurrentQueue<string> _links = new();
    private readonly ConcurrentQueue<ArchiveWarning> _foreign = new();
    private readonly ReadBudget _budget = ReadBudget.Of(cluster, facts);
    private long _before;

    public DamagedPages Damaged { get; } = new();

    /// <summary>The changed pages of files that are stored already; set once the files have been copied.</summary>
    public PageStore? Pages { get; private set; }

    public CopyCounts Counts => new(_counters.FilesNew + _counters.FilesChanged + _counters.FilesUnchanged, _counters.FilesUnchanged, BytesRead, Damaged, Pages?.Deltas ?? 0, Pages?.DeltaPages ?? 0) { LeftOut = _foreign.Count };

    /// <summary>The bytes of unchanged files, and of those that the writer has read since the copy began.</summary>
    private long BytesRead => Interlocked.Read(ref _counters.BytesRead) + Interlocked.Read(ref session.Writer.Counters.BytesRead) - _before;

    /// <summary>Verifies that the files are on this machine and may be read.</summary>
    public void Check() => Check(cluster, facts);

    /// <exception cref="ProblemException">
    /// The files are not on this machine, may not be read, or belong to another cluster.
    /// </exception>
    public static void Check(string cluster, ClusterFacts facts)
    {
        if (LocalEntries.WhyUnseen(facts.DataDirectory) is { } unseen)
            throw Catalogue.PostgresFiles.Throwable($"The data directory of {cluster} cannot be read: {unseen}.");
        var control = ControlFileReader.Read(facts.DataDirectory);
        if (control.SystemIdentifier != facts.SystemIdentifier)
            throw Catalogue.PostgresFiles.Throwable($"The server of {cluster} has its data in {facts.DataDirectory}, but what is there on this machine belongs to another cluster.");
    }

    /// <param name="parent">The previous capture; null when there is none.</param>
    /// <param name="start">The LSN where replay begins; null for a stopped server, whose pages do not change.</param>
    /// <param name="context">Shows the progress.</param>
    /// <param name="cancellation">Cancels the copy.</param>
    public async Task CopyAsync(BaseParent? parent, ulong? start, StepContext context, CancellationToken cancellation)
    {
        Interlocked.Exchange(ref context.Counters.BytesTotal, facts.Size);
        context.Counters.Refresh = Show;
        _before = Interlocked.Read(ref session.Writer.Counters.BytesRead);
        Pages = new PageStore(cluster, session, parent?.Point);
        await AddAsync(facts.DataDirectory, BasePath.Data(cluster), "", parent, start, cancellation);
        if (start is null && LocalEntries.TryFind($"{LocalEntries.Resolve(facts.DataDirectory)}/{BaseExclusions.Log}", out var type, out _) && type == NodeType.Symlink)
            await AddAsync($"{facts.DataDirectory}/{BaseExclusions.Log}", BasePath.Log(cluster), $"{BaseExclusions.Log}/", parent, start, cancellation);
        foreach (var tablespace in facts.Tablespaces.Where(tablespace => Path.IsPathRooted(tablespace.Path)))
            await AddAsync(tablespace.Path, BasePath.Tablespace(cluster, tablespace.Oid), $"pg_tblspc/{tablespace.Oid}/", parent, start, cancellation);
        await Pages.AddScriptAsync(cancellation);
        if (Pages.Unreadable is { } unreadable) context.Warn(unreadable);
        if (_links.TryPeek(out var link))
            throw Catalogue.PostgresFiles.Throwable($"{link} is a link to {LocalEntries.LinkTarget(link)}, and what it leads to would not be in the recovery point.", "Stop the server and move the files back into its data directory; a tablespace keeps tables elsewhere.");
        if (_unread.TryPeek(out var first))
            throw Catalogue.PostgresFiles.Throwable($"{_unread.Count} files of {cluster} could not be read, and a cluster of which files are missing is none; the first: {first.Message}.");
        if (_foreign.TryPeek(out var foreign))
            context.Warn(Catalogue.FilesUnreadable.With(
                $"{Quantity.Of(_foreign.Count, "file")} of {cluster} that PostgreSQL does not need {(_foreign.Count == 1 ? "was" : "were")} left out; the first: {foreign.Message}.",
                "Find out who has made it, and delete it."));
        Damaged.Report(context, file => $"{facts.DataDirectory}/{file}");
    }

    private async Task AddAsync(string place, string path, string root, BaseParent? parent, ulong? start, CancellationToken cancellation)
    {
        var folder = LocalEntries.Resolve(place);
        RefuseForeign(place, folder, root);
        var exclusions = new BaseExclusions(folder) { Tablespace = root.StartsWith("pg_tblspc/", StringComparison.Ordinal) ? facts.TablespaceFolder : null };
        var options = new ArchiveOptions
        {
            Counters = _counters,
            Exclude = (path, type) =>
            {
                var isLeftOut = start is null ? exclusions.ExcludesStopped(path, type) : exclusions.Excludes(path, type);
                if (!isLeftOut && exclusions.IsLost(path, type)) _links.Enqueue(path);
                return isLeftOut;
            },
            Source = new PageSource(facts, parent, start ?? ulong.MaxValue, Damaged, Pages!, clock) { Root = root, Folder = folder, Budget = _budget },
            OnWarning = warning => Report(warning, folder, root),
        };
        if (!await session.Writer.AddDirectoryAsync(folder, path, parent?.Point, options, cancellation) && _unread.IsEmpty)
            throw Catalogue.PostgresFiles.Throwable($"{folder}, where the server of {cluster} keeps data, is no folder of this machine.");
    }

    /// <summary>
    /// Refuses a folder of another owner: all files of a cluster belong to one user. The server's user can create
    /// links, and a restore would give to that user what root captured through one.
    /// </summary>
    private void RefuseForeign(string place, string folder, string root)
    {
        var own = root.StartsWith("pg_tblspc/", StringComparison.Ordinal) ? $"{folder}/{facts.TablespaceFolder}" : folder;
        var owner = FileFacts.Of(LocalEntries.Resolve(facts.DataDirectory)).User;
        if (FileFacts.TryFind(own) is { } found && (found.User != owner || (owner == 0 && Environment.IsPrivilegedProcess)))
            throw Catalogue.PostgresFiles.Throwable($"{place} leads to {own}, which does not belong to the user that the server of {cluster} runs as.", "Give the folder to the owner of the data directory, or remove the link that leads there.");
    }

    /// <summary>
    /// Reports a warning of the archiver, except for files that were dropped or changed while they were copied: the WAL
    /// holds these changes.
    /// </summary>
    private void Report(ArchiveWarning warning, string folder, string root)
    {
        if (warning is not { Left: true, IsGone: false }) return;
        if (warning.HasTooManyHoles && !IsOwn(root + warning.Path[(folder.Length + 1)..])) _foreign.Enqueue(warning);
        else _unread.Enqueue(warning);
    }

    private static bool IsOwn(string relative) => RelationFile.OfPath(relative) is not null || ClusterFolder.IsOwn(relative);

    private void Show(StepCounters shown)
    {
        Interlocked.Exchange(ref shown.BytesDone, BytesRead);
        Interlocked.Exchange(ref shown.ItemsDone, Interlocked.Read(ref _counters.FilesNew) + Interlocked.Read(ref _counters.FilesChanged) + Interlocked.Read(ref _counters.FilesUnchanged));
    }
}
