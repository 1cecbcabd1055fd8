using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Cli.Output;

/// <summary>
/// Asks on standard error, so that answers on standard output stay clean, and reads standard input. While something hidden
/// is typed the terminal's echo is off; it is on again whatever happens, ctrl-c included.
/// </summary>
internal sealed partial class TerminalPrompt(bool canAsk) : IPrompt
{
    private const int StandardInput = 0;
    private const int Now = 0; // TCSANOW
    private const int LocalFlags = 3; // c_lflag is the fourth word of struct termios. Source: Linux, asm-generic/termbits.h
    private const uint Echo = 0x8;
    private const uint EchoNewLine = 0x40;

    public bool CanAsk => canAsk;

    public async Task<string?> AskAsync(string question, bool hidden, CancellationToken cancellation)
    {
        using var errors = new Sink(Console.OpenStandardError());
        errors.Write(question + " ");
        using var silence = hidden ? new Silence() : null;
        // Reading can't be cancelled; the thread is left behind, and ends with the process.
        return await Task.Run(ReadLine, CancellationToken.None).WaitAsync(cancellation);
    }

    private static string? ReadLine()
    {
        // Not Console's stream: on a terminal that one reads lines itself, and echoes them.
        using var input = new FileStream(new SafeFileHandle(StandardInput, ownsHandle: false), FileAccess.Read, bufferSize: 0);
        var line = new List<byte>();
        for (int value; (value = input.ReadByte()) != '\n'; line.Add((byte)value))
        {
            if (value < 0) return line.Count == 0 ? null : Text(line);
        }
        return Text(line);
    }

    private static string Text(List<byte> line) => Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(line)).TrimEnd('\r');

    /// <summary>The terminal without echo, until it is disposed. The line break that ends the line is still shown.</summary>
    private sealed class Silence : IDisposable
    {
        private readonly uint[] _before = new uint[32]; // struct termios has 15 words
        private readonly bool _isTerminal;

        public Silence()
        {
            _isTerminal = GetAttributes(StandardInput, _before) == 0;
            if (!_isTerminal) return;
            var silent = (uint[])_before.Clone();
            silent[LocalFlags] = (silent[LocalFlags] & ~Echo) | EchoNewLine;
            _ = SetAttributes(StandardInput, Now, silent);
        }

        public void Dispose()
        {
            if (_isTerminal) _ = SetAttributes(StandardInput, Now, _before);
        }
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr")]
    private static partial int GetAttributes(int descriptor, [Out] uint[] attributes);

    [LibraryImport("libc", EntryPoint = "tcsetattr")]
    private static partial int SetAttributes(int descriptor, int when, [In] uint[] attributes);
}
