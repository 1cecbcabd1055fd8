namespace Holdfast.Engine.Planning;

/// <summary>Receives every event of a run, after it is in the journal. Called by one thread at a time.</summary>
public interface IRunObserver
{
    void OnEvent(RunEvent happened);
}
