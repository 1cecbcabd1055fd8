namespace Holdfast.Engine.Checking;

/// <summary>What the answer to a question means for a backup.</summary>
public enum CheckState
{
    /// <summary>Nothing is in the way.</summary>
    Pass,

    /// <summary>A backup can be taken; a person should know.</summary>
    Warn,

    /// <summary>Something is in the way.</summary>
    Fail,

    /// <summary>It could not be found out. It is never taken for a pass.</summary>
    Unknown,
}
