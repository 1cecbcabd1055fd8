using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Problems;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>A message that a server sends in a base backup.</summary>
internal abstract record BackupMessage;

/// <summary>The backup has started: replay begins at this LSN.</summary>
internal sealed record BackupBegun(NpgsqlLogSequenceNumber Lsn, uint Timeline) : BackupMessage;

/// <summary>An archive begins: of the data directory, or of a tablespace. The archive before it is complete.</summary>
internal sealed record ArchiveBegun(uint? Tablespace) : BackupMessage;

/// <summary>The backup manifest begins: the list of all files with their checksums.</summary>
internal sealed record ManifestBegun : BackupMessage;

/// <summary>Data of the archive or manifest that has begun. The receiver returns the array to the pool.</summary>
internal sealed record BackupData(byte[] Bytes, int Count) : BackupMessage;

/// <summary>
/// The backup is complete. The LSN of its end is null when pages are damaged, because the server does not report it
/// then.
/// </summary>
internal sealed record BackupEnded(NpgsqlLogSequenceNumber? Lsn) : BackupMessage;

/// <summary>
/// A base backup that a server sends over a replication connection by the command BASE_BACKUP. This is the protocol of
/// pg_basebackup, which can write only a single archive to a pipe and needs a folder for more. Source: PostgreSQL's
/// manual, 55.4, "Streaming Replication Protocol".
/// </summary>
internal sealed class BackupStream : IAsyncDisposable
{
    /// <summary>
    /// From this version on, one COPY holds all archives, with markers between them; before, each archive was a COPY of
    /// its own.
    /// </summary>
    private const int OneCopy = 150_000;

    /// <summary>From this version on, the server sends a manifest.</summary>
    private const int Manifests = 130_000;

    private const string Damaged = "XX001"; // ERRCODE_DATA_CORRUPTED

    /// <summary>The number of messages that are buffered: the server waits when that many have not been read.</summary>
    private const int Most = 64;

    /// <summary>
    /// The number of notices that are kept, and the length of each in characters: a server reports up to five damaged
    /// pages of a file.
    /// </summary>
    private const int Kept = 10_000, Longest = 2_000;

    /// <summary>
    /// The number of notices after which the connection is closed: such a server would never stop sending them.
    /// </summary>
    private const int MostNotices = 1_000_000;

    /// <summary>The largest message in bytes: a server sends 32 KiB, or a block.</summary>
    private const int LargestMessage = 1 << 20;

    private readonly Channel<BackupMessage> _messages = Channel.CreateBounded<BackupMessage>(new BoundedChannelOptions(Most) { SingleReader = true, SingleWriter = true });
    private readonly ConcurrentQueue<string> _notices = new();
    private readonly int _version;
    private readonly nint _connection;
    private readonly GCHandle _self;
    private Task _running = Task.CompletedTask;
    private int _said;

    private unsafe BackupStream(nint connection, int version)
    {
        (_connection, _version) = (connection, version);
        _self = GCHandle.Alloc(this);
        LibPq.PQsetNoticeProcessor(connection, &Notice, GCHandle.ToIntPtr(_self));
    }

    /// <summary>The warnings of the server, up to the limit.</summary>
    public IReadOnlyCollection<string> Notices => _notices;

    /// <exception cref="ProblemException">The server refuses the connection.</exception>
    public static async Task<BackupStream> OpenAsync(PostgresConnector connector, int version, CancellationToken cancellation)
    {
        var connection = await connector.OpenLibPqAsync(cancellation);
        return new BackupStream(connection, version);
    }

    /// <summary>Returns the contents of a timeline history file.</summary>
    public Task<string> HistoryAsync(uint timeline) => Task.Run(() =>
    {
        Send(string.Create(CultureInfo.InvariantCulture, $"TIMELINE_HISTORY {timeline}"));
        var text = "";
        while (Next() is var result and not 0)
        {
            if (LibPq.PQresultStatus(result) == LibPq.Tuples) text = LibPq.Value(result, 0, 1) ?? "";
            Done(result);
        }
        return text;
    });

    /// <summary>Starts the backup; the messages are read by <see cref="ReadAsync"/>.</summary>
    public void Begin(string label)
    {
        var quoted = label.Replace("'", "''", StringComparison.Ordinal);
        var command = _version >= OneCopy ? $"BASE_BACKUP (LABEL '{quoted}', CHECKPOINT 'fast', WAIT false, MANIFEST 'yes', TABLESPACE_MAP true)"
            : $"BASE_BACKUP LABEL '{quoted}' FAST NOWAIT TABLESPACE_MAP{(_version >= Manifests ? " MANIFEST 'yes'" : "")}";
        _running = Task.Factory.StartNew(() => Run(command), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Returns the next message; throws the exception that ended the stream.</summary>
    public ValueTask<BackupMessage> ReadAsync(CancellationToken cancellation) => _messages.Reader.ReadAsync(cancellation);

    public ValueTask<bool> WaitAsync(CancellationToken cancellation) => _messages.Reader.WaitToReadAsync(cancellation);

    public bool TryPeek([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out BackupMessage? message) => _messages.Reader.TryPeek(out message);

    /// <summary>Closes the connection, at which the server aborts the backup.</summary>
    public async ValueTask DisposeAsync()
    {
        _messages.Writer.TryComplete();
        Cancel();
        // A server that never stops sending does not process the cancel request.
        if (!_running.IsCompleted) LibPq.HangUp(_connection);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (_messages.Reader.TryRead(out var message))
            if (message is BackupData data) ArrayPool<byte>.Shared.Return(data.Bytes);
        LibPq.PQfinish(_connection);
        _self.Free();
    }

    private void Run(string command)
    {
        try
        {
            Send(command);
            var archives = new Queue<uint?>();
            for (var sets = 0; Next() is var result and not 0;)
            {
                if (LibPq.PQresultStatus(result) == LibPq.CopyOut) Copy(result, archives);
                else if (LibPq.PQresultStatus(result) == LibPq.Tuples) Take(result, sets++, archives);
                else Done(result);
            }
            _messages.Writer.TryComplete();
        }
        catch (Exception broken) when (broken is FormatException or ArgumentException or OverflowException)
        {
            _messages.Writer.TryComplete(Unreadable(broken.Message));
        }
        catch (Exception failure)
        {
            _messages.Writer.TryComplete(failure);
        }
    }

    /// <summary>
    /// Reads a result: the first set of rows holds the start of the backup, the second the tablespaces, the third the
    /// end.
    /// </summary>
    private void Take(nint result, int number, Queue<uint?> archives)
    {
        var lsn = number == 1 ? default : NpgsqlLogSequenceNumber.Parse(LibPq.Value(result, 0, 0)!);
        if (number == 0) Put(new BackupBegun(lsn, uint.Parse(LibPq.Value(result, 0, 1)!, CultureInfo.InvariantCulture)));
        for (var row = 0; number == 1 && row < LibPq.PQntuples(result); row++)
            archives.Enqueue(LibPq.Value(result, row, 0) is { } oid ? uint.Parse(oid, CultureInfo.InvariantCulture) : null);
        if (number == 2) Put(new BackupEnded(lsn));
        LibPq.PQclear(result);
    }

    private unsafe void Copy(nint result, Queue<uint?> archives)
    {
        LibPq.PQclear(result);
        if (_version < OneCopy) Put(archives.TryDequeue(out var tablespace) ? new ArchiveBegun(tablespace) : new ManifestBegun());
        byte* buffer;
        int length;
        while ((length = LibPq.PQgetCopyData(_connection, &buffer, 0)) > 0)
        {
            try
            {
                if (length > LargestMessage) throw Unreadable($"a message of {length} bytes");
                var bytes = new ReadOnlySpan<byte>(buffer, length);
                if (_version < OneCopy) Put(bytes);
                else Read(bytes, archives);
            }
            finally
            {
                LibPq.PQfreemem(buffer);
            }
        }
        if (length == -2) throw Failed(LibPq.ErrorOf(_connection));
    }

    /// <summary>
    /// Reads a message by its first byte: a new archive, the manifest, data of either, or a progress report.
    /// </summary>
    private void Read(ReadOnlySpan<byte> message, Queue<uint?> archives)
    {
        switch (message[0])
        {
            case (byte)'n':
                var name = Encoding.UTF8.GetString(message[1..][..message[1..].IndexOf((byte)0)]);
                uint? tablespace = uint.TryParse(name.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var oid) ? oid : null;
                if (!archives.TryDequeue(out var next) || next != tablespace) throw Unreadable($"the archive {name}, which is not the next one");
                Put(new ArchiveBegun(tablespace));
                break;
            case (byte)'m':
                Put(new ManifestBegun());
                break;
            case (byte)'d':
                Put(message[1..]);
                break;
        }
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        var copy = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(copy);
        Put(new BackupData(copy, bytes.Length));
    }

    private void Put(BackupMessage message)
    {
        var waiting = _messages.Writer.WriteAsync(message);
        if (!waiting.IsCompletedSuccessfully) waiting.AsTask().GetAwaiter().GetResult();
    }

    private void Send(string command)
    {
        if (LibPq.PQsendQuery(_connection, command) == 0) throw Failed(LibPq.ErrorOf(_connection));
    }

    /// <summary>Returns the next result; 0 when there are no more.</summary>
    private nint Next() => LibPq.PQgetResult(_connection);

    /// <summary>
    /// Reads a result without rows: success or failure. Damaged pages are reported when all data has been sent, and do
    /// not make the backup invalid.
    /// </summary>
    private void Done(nint result)
    {
        var isGood = LibPq.PQresultStatus(result) is LibPq.Command or LibPq.Tuples;
        var (message, state) = isGood ? default : LibPq.FailureOf(result);
        LibPq.PQclear(result);
        if (isGood) return;
        if (_said > MostNotices) throw Failed("");
        if (state != Damaged) throw PostgresProblem.KindOf(state, Catalogue.PostgresBackup).Throwable($"The server did not send a base backup: {message.TrimEnd('.')}.");
        Put(new BackupEnded(null));
    }

    private static ProblemException Unreadable(string what) =>
        Catalogue.PostgresBackup.Throwable($"The server sent what is no base backup: {what.TrimEnd('.')}.");

    private ProblemException Failed(string why) => _said > MostNotices
        ? Catalogue.PostgresBackup.Throwable($"The server sent more than {MostNotices} notices with the base backup.")
        : Catalogue.PostgresUnreachable.Throwable($"The server stopped sending the base backup: {why.TrimEnd('.')}.");

    /// <summary>
    /// Cancels the command: the only operation that libpq allows on a connection from another thread.
    /// </summary>
    private unsafe void Cancel()
    {
        if (_running.IsCompleted || LibPq.PQgetCancel(_connection) is var cancel && cancel == 0) return;
        Span<byte> error = stackalloc byte[256];
        fixed (byte* text = error) _ = LibPq.PQcancel(cancel, text, error.Length);
        LibPq.PQfreeCancel(cancel);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void Notice(nint self, byte* message)
    {
        if (GCHandle.FromIntPtr(self).Target is not BackupStream stream) return;
        if (++stream._said > MostNotices) LibPq.HangUp(stream._connection);
        if (stream._said > Kept) return;
        var text = LibPq.Text(message).Trim();
        stream._notices.Enqueue(text.Length > Longest ? text[..Longest] : text);
    }
}
