using System.Collections;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// The environment variables of a child program. They are set, not inherited: other processes of the program's user can
/// read them, and variables of the caller's shell (PGHOSTADDR, PGOPTIONS, PG_COLOR) would change what the program does.
/// </summary>
/// <param name="own">Looks up PATH and HOME of this process.</param>
public sealed class ChildEnvironment(Func<string, string?> own)
{
    private const string UsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Variables of the loader and the runtime, which let a program load code.</summary>
    private static readonly string[] _code = ["LD_", "DOTNET_", "CORECLR_", "COMPlus_"];

    /// <summary>
    /// PATH, a locale with fixed messages, HOME, and the variables of the call. A program of another user gets that
    /// user's HOME.
    /// </summary>
    public IReadOnlyDictionary<string, string> Of(ProgramCall call)
    {
        var made = new Dictionary<string, string>(StringComparer.Ordinal);
        Inherit(made, call);
        made["PATH"] = own("PATH") is { Length: > 0 } path ? path : UsualPath;
        made["LANG"] = made["LC_ALL"] = "C.UTF-8";
        made["HOME"] = (call.User is { } user && user != Environment.UserName ? HomeOf(user) : own("HOME")) ?? "/";
        foreach (var (name, value) in call.Environment)
            if (!IsCode(name)) made[name] = value;
        return made;
    }

    /// <summary>True for variables that let a program load arbitrary code: LD_PRELOAD, DOTNET_STARTUP_HOOKS.</summary>
    internal static bool IsCode(string name) => _code.Any(begin => name.StartsWith(begin, StringComparison.OrdinalIgnoreCase));

    private static void Inherit(Dictionary<string, string> made, ProgramCall call)
    {
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            if (variable is { Key: string name, Value: string value } && IsInherited(name, call)) made[name] = value;
    }

    private static bool IsInherited(string name, ProgramCall call)
    {
        const string Root = "DOTNET_ROOT"; // where a build that is not native finds its runtime
        return call.IsOurself
            ? !IsCode(name) || name == Root
            : call.Inherits.Any(begin => name.StartsWith(begin, StringComparison.Ordinal)) && !IsCode(name);
    }

    /// <summary>The home directory from /etc/passwd; a user of another directory service (LDAP) gets none.</summary>
    private static string? HomeOf(string user)
    {
        const int Largest = 16 << 20;
        try
        {
            return OwnedFile.ReadText("/etc/passwd", Largest, followLinks: true).Split('\n').Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length > 5 && fields[0] == user)?[5];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
