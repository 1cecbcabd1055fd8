using System.Runtime.InteropServices;
using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output;

/// <summary>The properties of the terminal that the program runs on, if there is one.</summary>
internal static partial class Terminal
{
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const int StandardError = 2;
    private const nuint GetWindowSize = 0x5413; // TIOCGWINSZ on Linux, but for MIPS, PowerPC and SPARC

    private static readonly string[] LocaleVariables = ["LC_ALL", "LC_CTYPE", "LANG"]; // the first that is set counts

    public static bool HasInput => IsTerminal(StandardInput) == 1;
    public static bool HasOutput => IsTerminal(StandardOutput) == 1;
    public static bool HasErrors => IsTerminal(StandardError) == 1;

    /// <summary>Columns; 80 when it does not say.</summary>
    public static int Width => Ask(StandardOutput, GetWindowSize, out var size) == 0 && size.Columns > 0 ? size.Columns : 80;

    /// <summary>Colours unless NO_COLOR is set (https://no-color.org) or the terminal is a dumb one; signs if the locale is UTF-8.</summary>
    public static Style StyleOf(Func<string, string?> environment)
    {
        var locale = LocaleVariables.Select(environment).FirstOrDefault(value => !string.IsNullOrEmpty(value)) ?? "";
        var unicode = locale.Contains("UTF-8", StringComparison.OrdinalIgnoreCase) || locale.Contains("utf8", StringComparison.OrdinalIgnoreCase);
        var coloured = string.IsNullOrEmpty(environment("NO_COLOR")) && !string.Equals(environment("TERM"), "dumb", StringComparison.Ordinal);
        return new Style(coloured, unicode);
    }

    [LibraryImport("libc", EntryPoint = "isatty")]
    private static partial int IsTerminal(int descriptor);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Ask(int descriptor, nuint request, out WindowSize size);

    /// <summary>The structure winsize of Linux, as ioctl_tty(2) defines it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort Width;
        public ushort Height;
    }
}
