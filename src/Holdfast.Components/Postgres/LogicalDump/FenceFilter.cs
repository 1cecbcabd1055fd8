using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Scripts;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// The output of pg_dump without the two lines that restrict psql's commands (\restrict and \unrestrict, since August
/// 2025). Their key is random in each dump; without them the dump of an unchanged database is identical to the previous
/// one. Holdfast restores without psql. Only the pair that pg_dump wrote is removed: the first line after the comments
/// at the beginning, and the line with the same key.
/// </summary>
internal sealed class FenceFilter(Stream dump) : ReadOnlyStream
{
    private readonly byte[] _buffer = new byte[64 << 10];
    private int _from, _to;
    private bool _isEnded, _isLineStart = true, _hasBegun;
    private byte[]? _closing;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            // A line that could be one of the two is examined as a whole.
            if (_isLineStart && !HasLine && !_isEnded)
            {
                await FillAsync(cancellationToken);
                continue;
            }
            if (_from == _to)
            {
                if (_isEnded) return 0;
                await FillAsync(cancellationToken);
                continue;
            }
            if (_isLineStart && Drop()) continue;
            return Copy(buffer.Span);
        }
        return 0;
    }

    private ReadOnlySpan<byte> Rest => _buffer.AsSpan(_from.._to);

    private bool HasLine => Rest.Contains((byte)'\n') || Rest.Length >= 4096 || (Rest.Length > 0 && Rest[0] != '\\' && _hasBegun);

    private bool Drop()
    {
        var end = Rest.IndexOf((byte)'\n');
        var line = end < 0 ? Rest : Rest[..end];
        var isFence = IsOpening(line) || (_closing is not null && line.SequenceEqual(_closing));
        if (!_hasBegun && !isFence && line.Length > 0 && !line.StartsWith("--"u8)) _hasBegun = true;
        if (isFence) _from = end < 0 ? _to : _from + end + 1;
        return isFence;
    }

    private bool IsOpening(ReadOnlySpan<byte> line)
    {
        if (_hasBegun || !line.StartsWith(@"\restrict "u8) || !ScriptReader.IsFence(line)) return false;
        _closing = [.. @"\unrestrict "u8, .. line[@"\restrict "u8.Length..]];
        _hasBegun = true;
        return true;
    }

    /// <summary>Copies up to the next line that has to be examined.</summary>
    private int Copy(Span<byte> buffer)
    {
        var part = Rest[..Math.Min(Rest.Length, buffer.Length)];
        var stop = StopOf(part);
        part[..stop].CopyTo(buffer);
        _from += stop;
        _isLineStart = part[stop - 1] == '\n';
        return stop;
    }

    private int StopOf(ReadOnlySpan<byte> part)
    {
        if (!_hasBegun) return part.IndexOf((byte)'\n') is >= 0 and var line ? line + 1 : part.Length;
        var next = _closing is null ? -1 : part.IndexOf("\n\\"u8);
        return next >= 0 ? next + 1 : part.Length;
    }

    private async Task FillAsync(CancellationToken cancellation)
    {
        _buffer.AsSpan(_from.._to).CopyTo(_buffer);
        (_from, _to) = (0, _to - _from);
        var read = await dump.ReadAsync(_buffer.AsMemory(_to), cancellation);
        _isEnded = read == 0;
        _to += read;
    }

    public override async ValueTask DisposeAsync()
    {
        await dump.DisposeAsync();
        await base.DisposeAsync();
    }
}
