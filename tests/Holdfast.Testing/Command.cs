using System.Diagnostics;
using System.Text;

namespace Holdfast.Testing;

/// <summary>How a program of a test ended, and what it wrote.</summary>
public sealed record CommandResult(string Line, int ExitCode, byte[] OutputBytes, string Errors)
{
    public string Output => Encoding.UTF8.GetString(OutputBytes);

    /// <summary>The same result, or an exception that tells all of it when the program did not end with 0.</summary>
    public CommandResult Succeeded() => ExitCode == 0 ? this : throw new InvalidOperationException(ToString());

    /// <inheritdoc/>
    public override string ToString() => $"'{Line}' ended with {ExitCode}.\nOutput: {Output}\nErrors: {Errors}";
}

/// <summary>Programs that tests run: no shell, standard input closed at once, everything they write collected.</summary>
public static class Command
{
    /// <summary>Runs to the end, or kills the program with all its children after <paramref name="limit"/> (5 minutes by default).</summary>
    public static async Task<CommandResult> RunAsync(
        string program,
        IEnumerable<string> arguments,
        IEnumerable<KeyValuePair<string, string?>>? environment = null,
        TimeSpan? limit = null)
    {
        using var process = Start(program, arguments, environment);
        process.StandardInput.Close();
        using var output = new MemoryStream();
        var copying = process.StandardOutput.BaseStream.CopyToAsync(output);
        var errors = process.StandardError.ReadToEndAsync();
        await WaitAsync(process, limit ?? TimeSpan.FromMinutes(5));
        await copying;
        var line = string.Join(' ', process.StartInfo.ArgumentList.Prepend(program));
        return new CommandResult(line, process.ExitCode, output.ToArray(), await errors);
    }

    /// <summary>Runs a script of bash; <paramref name="arguments"/> are its $1, $2 and so on.</summary>
    public static Task<CommandResult> BashAsync(string script, params IEnumerable<string> arguments) =>
        RunAsync("bash", [.. new[] { "-euo", "pipefail", "-c", script, "bash" }, .. arguments]);

    /// <summary>Starts a program with all three streams redirected; the caller reads them and disposes of it.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string?>>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? [])
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException($"'{program}' did not start.");
    }

    private static async Task WaitAsync(Process process, TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException cancelled)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{process.StartInfo.FileName}' was killed after {limit}.", cancelled);
        }
    }
}
