using System.Text;

namespace Holdfast.Tests.Cli;

/// <summary>
/// As much of a terminal as the output uses: carriage return, line feed, erase to the end of the line, colours. It wraps
/// at its width, so that a line which is too long shows.
/// </summary>
internal sealed class FakeScreen(int width) : Stream
{
    private readonly List<StringBuilder> _lines = [new()];
    private int _column;

    public int Writes { get; private set; }

    /// <summary>What a person sees, without trailing empty lines.</summary>
    public string Text => string.Join('\n', _lines.Select(line => line.ToString().TrimEnd())).TrimEnd('\n');

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Writes++;
        var text = Encoding.UTF8.GetString(buffer);
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\e') at = Escape(text, at);
            else Put(text[at]);
        }
    }

    private void Put(char character)
    {
        if (character == '\r') _column = 0;
        else if (character == '\n') Next();
        else
        {
            if (_column == width) Next();
            var line = _lines[^1];
            if (_column < line.Length) line[_column] = character;
            else line.Append(character);
            _column++;
        }
    }

    private void Next()
    {
        _lines.Add(new StringBuilder());
        _column = 0;
    }

    private int Escape(string text, int at)
    {
        var end = text.IndexOfAny(['K', 'm'], at);
        if (text[end] == 'K') _lines[^1].Length = Math.Min(_column, _lines[^1].Length);
        return end;
    }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
