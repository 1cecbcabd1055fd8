using System.Collections.Frozen;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Filtering;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// Restores the files of a cluster. They are written into folders beside the old ones and exchanged with them by
/// renames, so that until then the old files are not changed; or, when the user asks for it, they replace the old files
/// in place.
/// </summary>
internal sealed class RestoredFiles(string cluster, RestoreSession session, RestorePlaces places, FileOwner owner, BaseUndos undos, FolderExchange exchange)
{
    private const string Control = "/global/pg_control";
    private readonly RestoreCounters _counters = new();
    private readonly Dictionary<string, Undo> _owed = new(StringComparer.Ordinal);
    private readonly List<string> _new = [];
    private readonly Dictionary<string, PrivateTree> _trees = new(StringComparer.Ordinal);
    private readonly PointPages _pages = new(cluster, session);
    private FrozenSet<string> _right = FrozenSet<string>.Empty;

    /// <summary>True when files are replaced in place.</summary>
    public bool IsInPlace { get; } = (session.Overwrite || session.Recovery.Delta) && Directory.Exists(places.Data);

    /// <summary>The folder into which the data directory is restored.</summary>
    public string Growing => IsInPlace ? places.Data : BaseUndos.Incomplete(places.Data, session.AsideSuffix);

    /// <summary>
    /// A path to the folder into which the data directory is restored, even if a link with its name has changed since.
    /// </summary>
    public string Inner => _trees.TryGetValue(Growing, out var tree) ? tree.Opened : places.Data;

    /// <summary>
    /// The user to act as in <see cref="Inner"/>: the owner of files that are replaced in place, and of all restored
    /// files once they are written. Only root can enter a folder that is still being restored.
    /// </summary>
    public (uint User, uint Group)? Actor => IsInPlace ? _actor ??= ActingUser.OwnerOf(places.Data) : null;

    private (uint User, uint Group)? _actor; // at first the owner of the folder, read once: the folder may be exchanged later

    /// <summary>
    /// Writes all files; the server's own settings and its WAL may be added in <see cref="Growing"/> afterwards.
    /// </summary>
    public async Task WriteAsync(StepContext context, CancellationToken cancellation)
    {
        context.Counters.Refresh = Show;
        places.RefuseLeft();
        if (IsInPlace)
        {
            RemoveControl();
            await PartAsync(cancellation);
            var standing = new ExistingPages(cluster, session, _pages, [Growing, .. places.Tablespaces.Select(tablespace => tablespace.Folder)], Place, _counters) { Actor = Actor, Owner = owner.Number };
            _right = await standing.PutRightAsync(cancellation);
            if (standing.Unreadable is { } unreadable) context.Warn(unreadable);
        }
        else
        {
            await GrowAsync(Growing, context, cancellation);
        }
        await WriteAsync(BasePath.Data(cluster), Growing, "", [Control, .. await TablespaceLinksAsync(cancellation)], cancellation);
        if (await session.Repository.FindNodeAsync(session.Point, BasePath.Log(cluster), cancellation) is not null)
            await WriteAsync(BasePath.Log(cluster), $"{Growing}/{BaseExclusions.Log}", BaseExclusions.Log, [], cancellation);
        foreach (var tablespace in places.Tablespaces)
        {
            var folder = IsInPlace ? tablespace.Folder : BaseUndos.Inside(tablespace.Folder, session.AsideSuffix);
            if (!Directory.Exists(tablespace.Folder) || PrivateTree.IsFree(tablespace.Folder)) _new.Add(tablespace.Folder);
            if (!IsInPlace) await GrowAsync(folder, context, cancellation);
            await WriteAsync(BasePath.Tablespace(cluster, tablespace.Oid), folder, $"pg_tblspc/{tablespace.Oid}", [], cancellation);
        }
        // Files that are written as the owner must belong to the owner.
        if (IsInPlace) GiveStanding();
        await new PagePatch(session, _pages, Place) { Actor = Actor }.RunAsync(_right, cancellation);
        Link();
    }

    /// <summary>
    /// Removes the control file: without it no server starts from a mixture of old and new files, even after a power
    /// failure.
    /// </summary>
    private void RemoveControl()
    {
        using (ActingUser.As(Actor))
        {
            if (!LocalEntries.TryFind(places.Data + Control, out _, out _)) return;
            File.Delete(places.Data + Control);
            DurableFolder.Sync(Path.GetDirectoryName(places.Data + Control)!);
        }
    }

    /// <summary>
    /// Deletes files that have other names, such as a copy made by hard links or the cluster that pg_upgrade started
    /// from: they are written as new files, so that the other names are not changed.
    /// </summary>
    private async Task PartAsync(CancellationToken cancellation)
    {
        var folders = new List<string> { Growing };
        foreach (var tablespace in places.Tablespaces) folders.AddRange(await OwnFoldersAsync(tablespace, cancellation));
        using (ActingUser.As(Actor))
            foreach (var folder in folders) Part(folder);
    }

    private static void Part(string path)
    {
        if (!LocalEntries.TryFind(path, out var type, out _)) return;
        if (type == NodeType.Directory)
            foreach (var name in LocalEntries.Names(path)) Part($"{path}/{name}");
        else if (LocalEntries.HasOtherNames(path)) File.Delete(path);
    }

    /// <summary>
    /// Finds the links of tablespaces, which are created again with their new targets. Other links have unknown
    /// targets.
    /// </summary>
    private async Task<IEnumerable<string>> TablespaceLinksAsync(CancellationToken cancellation)
    {
        var node = await session.Repository.FindNodeAsync(session.Point, $"{BasePath.Data(cluster)}/pg_tblspc", cancellation);
        return node?.Subtree is { } tree ? (await session.Repository.ReadTreeAsync(tree, cancellation)).Where(entry => entry.Type == NodeType.Symlink).Select(entry => $"/pg_tblspc/{PathPattern.Escape(entry.Name)}") : [];
    }

    /// <summary>
    /// The folders of this server in a tablespace. A folder that existed before the restore may also hold files of
    /// other servers.
    /// </summary>
    private async Task<IReadOnlyList<string>> OwnFoldersAsync(TablespacePlace tablespace, CancellationToken cancellation)
    {
        var node = await session.Repository.FindNodeAsync(session.Point, BasePath.Tablespace(cluster, tablespace.Oid), cancellation);
        return node?.Subtree is { } tree ? [.. (await session.Repository.ReadTreeAsync(tree, cancellation)).Where(entry => entry.Type == NodeType.Directory).Select(entry => $"{tablespace.Folder}/{entry.Name}")] : [];
    }

    /// <summary>
    /// Gives the restored files to the owner, through folder handles that have been open since the folders were
    /// created.
    /// </summary>
    private async Task GiveGrownAsync(CancellationToken cancellation)
    {
        foreach (var tree in _trees.Values)
        {
            tree.Check();
            await owner.TakeAsync(tree.OpenedForOthers, cancellation);
        }
        foreach (var folder in _new) GiveFolder(folder);
    }

    /// <summary>
    /// Gives the data directory and the folders of new tablespaces to the owner; what was restored in them has belonged
    /// to the owner since it was created. No other ownership changes: the server's user may have moved files there that
    /// root wrote.
    /// </summary>
    private void GiveStanding()
    {
        foreach (var folder in _new) GiveFolder(folder);
        if (owner.Number is not { } number) return;
        var log = $"{places.Data}/{BaseExclusions.Log}";
        if (FileFacts.TryFind(log) is { IsFolder: true }) GiveStanding(log, number);
        GiveStanding(places.Data, number);
        _actor = number;
    }

    /// <summary>
    /// Changes the owner through an open handle: the server's user could point the path to a folder of root or of
    /// another user.
    /// </summary>
    private void GiveStanding(string path, (uint User, uint Group) number)
    {
        using var folder = OpenStanding(path);
        if (FileFacts.Of(folder).User is var user && user != Actor?.User && user != number.User)
            throw Catalogue.PostgresFiles.Throwable($"{path} is no longer a folder of the server's user, so it was not given away.");
        FileOwner.Give(folder, number);
    }

    private Microsoft.Win32.SafeHandles.SafeFileHandle OpenStanding(string path)
    {
        using (ActingUser.As(Actor)) return PrivateTree.Open(path);
    }

    /// <summary>Gives away the folder of a tablespace that was created, or that existed and was empty.</summary>
    private void GiveFolder(string path)
    {
        Microsoft.Win32.SafeHandles.SafeFileHandle folder;
        using (TrustedPath.ActAsKeeper(path)) folder = PrivateTree.Open(path);
        using (folder)
            if (FileFacts.Of(folder).User == 0) owner.Give(folder);
    }

    private void SetMode()
    {
        using (ActingUser.As(Actor))
        {
            using var folder = IsInPlace ? PrivateTree.Open(places.Data) : null;
            owner.SetMode(folder ?? _trees[Growing].Handle);
        }
    }

    /// <summary>Returns where a file with a path in the data directory is restored to.</summary>
    private string Place(string relative)
    {
        if (relative.Split('/', 3) is not ["pg_tblspc", var oid, var rest]) return $"{Inner}/{relative}";
        if (places.Tablespaces.FirstOrDefault(tablespace => $"{tablespace.Oid}" == oid)?.Folder is not { } folder) return $"{Inner}/{relative}"; // the tablespace is in the data directory
        if (IsInPlace) return $"{folder}/{rest}";
        return $"{_trees[BaseUndos.Inside(folder, session.AsideSuffix)].Opened}/{rest}";
    }

    /// <summary>Writes the control file last; then exchanges the folders, all of them or none.</summary>
    public async Task FinishAsync(StepContext context, CancellationToken cancellation)
    {
        if (IsInPlace) await SyncAsync(cancellation);
        await RestoreAsync(BasePath.Data(cluster), Growing, Options with { Include = [Control] }, cancellation);
        if (!IsInPlace) await GiveGrownAsync(cancellation);
        SetMode();
        await SyncAsync(cancellation);
        if (IsInPlace) return;
        places.RefuseRunning(); // the steps before took minutes, in which the server may have been started
        places.RefuseLeft();
        var folders = Exchanged();
        var undo = exchange.PutBack(folders);
        await context.OweAsync(undo, cancellation);
        FolderExchange.Run(folders);
        await context.SettleAsync(undo, cancellation);
        foreach (var folder in folders.Where(folder => folder.Aside is not null)) context.Note($"{folder.Place} was moved aside, to {folder.Aside}.");
        foreach (var (growing, owed) in _owed)
        {
            using (TrustedPath.ActAsKeeper(growing))
                if (Directory.Exists(growing)) Directory.Delete(growing);
            await context.SettleAsync(owed, cancellation);
        }
    }

    private async Task SyncAsync(CancellationToken cancellation)
    {
        foreach (var root in places.Tablespaces.Select(tablespace => tablespace.Folder).Prepend(Growing)) await owner.SyncAsync(root, cancellation);
    }

    /// <summary>The data directory, and the folder of this server in each tablespace.</summary>
    private IReadOnlyList<ExchangedFolder> Exchanged()
    {
        var inside = places.Tablespaces.SelectMany(tablespace => Directory.GetDirectories(BaseUndos.Inside(tablespace.Folder, session.AsideSuffix)).Select(growing => (growing, Place: Path.Join(tablespace.Folder, Path.GetFileName(growing)))));
        return [.. inside.Prepend((Growing, places.Data)).Select(pair => new ExchangedFolder(pair.Item1, pair.Item2, IsKept(pair.Item2) ? pair.Item2 + session.AsideSuffix : null))];
    }

    /// <summary>Returns false where no folder exists, or an empty one, which may be replaced.</summary>
    private static bool IsKept(string place)
    {
        using (TrustedPath.ActAsKeeper(place))
        {
            if (!Directory.Exists(place)) return false;
            if (Directory.EnumerateFileSystemEntries(place).Any()) return true;
            Directory.Delete(place);
            return false;
        }
    }

    /// <summary>
    /// Creates a folder to restore into. It is registered by more than its name, with which its user could have another
    /// folder emptied by the undo.
    /// </summary>
    private async Task GrowAsync(string folder, StepContext context, CancellationToken cancellation)
    {
        var unmade = undos.RemoveIncomplete(folder);
        await context.OweAsync(unmade, cancellation);
        _trees[folder] = PrivateTree.Make(folder, Catalogue.PostgresFiles);
        await context.OweAsync(_owed[folder] = undos.RemoveIncomplete(folder, FileFacts.Of(_trees[folder].Handle)), cancellation);
        await context.SettleAsync(unmade, cancellation);
    }

    private async Task WriteAsync(string source, string folder, string prefix, IReadOnlyList<string> except, CancellationToken cancellation)
    {
        if (!_trees.ContainsKey(folder))
            using (ActingUser.As(Actor)) Directory.CreateDirectory(folder);
        if (IsInPlace) await RemoveOthersAsync(source, folder, cancellation);
        bool IsThere(string path) => _right.Contains((prefix + path).TrimStart('/'));
        await RestoreAsync(source, folder, Options with { Exclude = except, Counters = _counters, IsThere = IsThere }, cancellation);
    }

    /// <summary>
    /// The options of the restore: it writes into folders of root or of the server's user, and all of it is made
    /// durable at once, at the end.
    /// </summary>
    private RestoreOptions Options => session.Options with { Existing = ExistingFiles.Overwrite, ForeignTarget = true, Durable = false, Owner = owner.Number };

    private async Task RestoreAsync(string source, string folder, RestoreOptions options, CancellationToken cancellation)
    {
        try
        {
            var report = await session.Repository.RestoreAsync(session.Point, source, folder, options, cancellation);
            if (report.Failures is [var first, ..])
                throw Catalogue.RestoreFailures.Throwable($"{report.Failures.Count} files of {cluster} could not be written, the first is {first.Path}: {first.Error}");
        }
        catch (ResticException full) when (full.Error == ResticError.Full)
        {
            throw Catalogue.TargetFull.Throwable(full.Message, full);
        }
    }

    /// <summary>
    /// Removes files that are not in the recovery point and would confuse the server: later relations, old WAL. In a
    /// tablespace, folders of other servers are kept.
    /// </summary>
    private async Task RemoveOthersAsync(string source, string folder, CancellationToken cancellation)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var (path, _) in session.Repository.WalkAsync(session.Point, source, cancellation)) known.Add(folder + path[source.Length..]);
        var isShared = folder != places.Data;
        using (ActingUser.As(Actor))
            foreach (var name in LocalEntries.Names(folder))
                if (!isShared || known.Contains($"{folder}/{name}")) RemoveUnknown($"{folder}/{name}", known);
    }

    private static void RemoveUnknown(string path, HashSet<string> known)
    {
        if (!LocalEntries.TryFind(path, out var type, out _)) return;
        if (type != NodeType.Directory)
        {
            if (!known.Contains(path)) File.Delete(path);
            return;
        }
        foreach (var name in LocalEntries.Names(path)) RemoveUnknown($"{path}/{name}", known);
        if (!known.Contains(path)) Directory.Delete(path);
    }

    private void Link()
    {
        ClusterFolder.RefuseLinks(Inner, places.Data);
        using (ActingUser.As(Actor))
            foreach (var tablespace in places.Tablespaces)
            {
                var link = $"{Inner}/pg_tblspc/{tablespace.Oid}";
                File.Delete(link);
                File.CreateSymbolicLink(link, tablespace.Folder);
            }
    }

    private void Show(StepCounters shown)
    {
        Interlocked.Exchange(ref shown.ItemsDone, Interlocked.Read(ref _counters.FilesDone));
        Interlocked.Exchange(ref shown.BytesDone, Interlocked.Read(ref _counters.BytesWritten));
    }
}
