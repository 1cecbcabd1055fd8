using System.Text;

namespace Holdfast.Cli.Output;

/// <summary>
/// A stream that text is written to, whole lines at a time. When its reader goes away (a closed pipe, a terminal that was
/// hung up) it becomes silent instead of failing: a backup must not end because the SSH session did.
/// </summary>
internal sealed class Sink(Stream stream) : IDisposable
{
    // Stray bytes were escaped before; a replacement character is the worst that can come of anything else.
    private static readonly UTF8Encoding Encoding = new(encoderShouldEmitUTF8Identifier: false);
    private readonly CancellationTokenSource _gone = new();

    public CancellationToken Gone => _gone.Token;

    public void Write(string text)
    {
        if (_gone.IsCancellationRequested) return;
        try
        {
            stream.Write(Encoding.GetBytes(text));
            stream.Flush();
        }
        catch (IOException)
        {
            _gone.Cancel();
        }
    }

    public void Line(string text) => Write(text + "\n");

    public void Dispose() => _gone.Dispose();
}
