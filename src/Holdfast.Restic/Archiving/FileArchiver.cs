using System.Buffers;
using System.Threading.Channels;
using Holdfast.Restic.Packs;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Archiving;

/// <summary>
/// Archives local files and directories as nodes. One task walks the directories in order; readers take the files from
/// a bounded channel; the tree of a directory is stored by the task that finishes its last entry, while the walk
/// continues elsewhere.
/// </summary>
internal sealed class FileArchiver : IAsyncDisposable
{
    private sealed record Job(string Path, string Name, FileStatus Status, Node? Previous, TaskCompletionSource<Node?> Done);

    private static readonly Task<Node?> Nothing = Task.FromResult<Node?>(null);

    private readonly Repository _repository;
    private readonly WalkedFolder _root;
    private readonly BlobWriter _blobs;
    private readonly FileReader _reader;
    private readonly ArchiveCounters _counters;
    private readonly ArchiveOptions _options;
    private readonly NodeReader _nodes;
    private readonly CancellationTokenSource _stop;
    private readonly Channel<Job> _jobs = Channel.CreateBounded<Job>(256);
    private readonly Task[] _readers;
    private readonly TaskGroup _directories = new();
    private Exception? _failure;

    /// <summary>
    /// Archives what is below <paramref name="root"/>: symbolic links in the path of that directory are followed, links
    /// below it never are. The root is disposed of at the end.
    /// </summary>
    public FileArchiver(Repository repository, WalkedFolder root, BlobWriter blobs, ChunkPipeline chunks, ArchiveCounters counters, ArchiveOptions options, CancellationToken cancellation)
    {
        (_repository, _root, _blobs, _counters, _options) = (repository, root, blobs, counters, options);
        _nodes = new NodeReader(repository.Options.Clock.LocalTimeZone, onUnreadable: (path, error) => options.OnWarning?.Invoke(new ArchiveWarning(path, error.Message, Left: false)));
        _reader = new FileReader(repository, root, chunks, _nodes, counters, options);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _readers = [.. Enumerable.Range(0, repository.Options.Workers).Select(_ => Task.Run(ReadFilesAsync, CancellationToken.None))];
    }

    /// <summary>
    /// The failure that stopped all other tasks, which only report that they were cancelled; null when nothing failed.
    /// </summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>
    /// Begins with the entry at a path. The outer task ends when it has been walked, the inner one when all of it is
    /// stored; its result is null when the entry is excluded, or could not be read and a warning was issued.
    /// </summary>
    public async ValueTask<Task<Node?>> BeginAsync(string path, string name, Node? previous)
    {
        if (!TryStatus(path, out var status) || _options.Exclude?.Invoke(path, status.Type) == true) return Nothing;
        return status.Type switch
        {
            NodeType.Directory => await WalkAsync(path, name, status, previous?.Subtree),
            NodeType.File => await EnqueueAsync(new Job(path, name, status, previous, new(TaskCreationOptions.RunContinuationsAsynchronously))),
            _ => Task.FromResult(TryRead(path, name, status)),
        };
    }

    private async ValueTask<Task<Node?>> WalkAsync(string path, string name, FileStatus status, Id? previousTree)
    {
        if (TryRead(path, name, status) is not { } node || TryList(path) is not { } names) return Nothing;
        names.Sort(static (a, b) => FileName.Compare(a, b));
        var previous = await ReadPreviousAsync(previousTree);
        var prefix = path == "/" ? path : path + "/";
        var children = new List<Task<Node?>>(names.Count);
        foreach (var child in names) children.Add(await BeginAsync(prefix + child, child, previous?.GetValueOrDefault(child)));
        Interlocked.Increment(ref _counters.Directories);
        return CompleteAsync(node, children);
    }

    private async Task<Node?> CompleteAsync(Node node, List<Task<Node?>> children)
    {
        _directories.Begin();
        try
        {
            var (tree, _) = await _blobs.SaveAsync(BlobType.Tree, await EncodeAsync(children), _stop.Token);
            return node with { Subtree = tree };
        }
        finally
        {
            _directories.End(null);
        }
    }

    // The tree of a very large directory is large: it is not copied, and the nodes are released before it is stored.
    private static async Task<ReadOnlyMemory<byte>> EncodeAsync(List<Task<Node?>> children)
    {
        const int bytesOfNode = 400; // approximate: an underestimate only makes the buffer grow
        await Task.WhenAll(children);
        var nodes = new List<Node>(children.Count);
        foreach (var child in children)
            if (await child is { } node) nodes.Add(node);
        children.Clear();
        children.TrimExcess();
        var output = new ArrayBufferWriter<byte>(Math.Max(256, bytesOfNode * nodes.Count));
        TreeCodec.Write(nodes, output);
        return output.WrittenMemory;
    }

    private async ValueTask<Task<Node?>> EnqueueAsync(Job job)
    {
        await _jobs.Writer.WriteAsync(job, _stop.Token);
        return job.Done.Task;
    }

    private async Task ReadFilesAsync()
    {
        await foreach (var job in _jobs.Reader.ReadAllAsync(CancellationToken.None))
        {
            try
            {
                job.Done.SetResult(await ReadAsync(job));
            }
            catch (Exception e)
            {
                if (e is not OperationCanceledException) Interlocked.CompareExchange(ref _failure, e, null);
                job.Done.SetException(e);
                await _stop.CancelAsync(); // the snapshot is lost, so the walk need not continue
            }
        }
    }

    /// <summary>
    /// Reports a file that cannot be read. The handler may fail too, for instance with a full disk: that ends the
    /// archiving, as any other failure does.
    /// </summary>
    private async Task<Node?> ReadAsync(Job job)
    {
        try
        {
            return await _reader.ReadAsync(job.Path, job.Name, job.Status, job.Previous, _stop.Token);
        }
        catch (PosixException e)
        {
            if (Replacement(job) is { } node) return node;
            Warn(e);
            return null;
        }
    }

    /// <summary>
    /// Returns the node of an entry that is no longer a regular file since the walk: a FIFO, a socket, a device or a
    /// link.
    /// </summary>
    private Node? Replacement(Job job) =>
        LocalEntries.TryFind(job.Path, out var type, out _) && type is not (NodeType.File or NodeType.Directory or NodeType.Unknown) && TryStatus(job.Path, out var status)
            ? TryRead(job.Path, job.Name, status) : null;

    private async Task<Dictionary<string, Node>?> ReadPreviousAsync(Id? tree)
    {
        if (tree is not { } id || !(await _repository.LoadIndexAsync(_stop.Token)).Contains(id, BlobType.Tree)) return null;
        try
        {
            var previous = new Dictionary<string, Node>(StringComparer.Ordinal);
            // A damaged or hostile tree may contain a name twice; whichever node is used for the comparison, a file
            // that differs is read.
            foreach (var node in await _repository.ReadTreeAsync(id, _stop.Token)) previous[node.Name] = node;
            return previous;
        }
        catch (ResticException lost) when (lost.IsLoss)
        {
            return null; // without the parent tree everything is read; a check reports what the repository has lost
        }
    }

    private bool TryStatus(string path, out FileStatus status)
    {
        try
        {
            if (FileStatus.TryFind(path, out status)) return true;
            _options.OnWarning?.Invoke(new ArchiveWarning(path, $"{path} went away before it was read", Left: true) { IsGone = true });
        }
        catch (PosixException e)
        {
            status = default;
            Warn(e);
        }
        return false;
    }

    private Node? TryRead(string path, string name, in FileStatus status)
    {
        try
        {
            return _nodes.Read(path, name, status);
        }
        catch (PosixException e)
        {
            Warn(e);
            return null;
        }
    }

    private List<string>? TryList(string path)
    {
        try
        {
            var folder = _root.OpenFolder(path);
            if (KernelFileSystem.NameOf(folder, path) is not { } kernel) return FolderReader.ReadNames(folder, path);
            using (folder) throw new PosixException(Errno.EINVAL, "archive", path) { KernelFileSystem = kernel };
        }
        catch (PosixException e)
        {
            Warn(e);
            return null;
        }
    }

    private void Warn(PosixException error) =>
        _options.OnWarning?.Invoke(new ArchiveWarning(error.Path, error.Message, Left: true) { IsGone = error.Errno is Errno.ENOENT or Errno.ENOTDIR, KernelFileSystem = error.KernelFileSystem, HasTooManyHoles = error.HasTooManyHoles });

    public async ValueTask DisposeAsync()
    {
        _jobs.Writer.TryComplete();
        await Task.WhenAll(_readers);
        await _directories.WaitAsync(); // after a failure no other task enters it, and this one writes
        _stop.Dispose();
        _root.Dispose();
    }
}
